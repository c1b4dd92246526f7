// Calls to the JSON API. A refusal is thrown as a Problem, which keeps the
// fields at fault.

export interface FieldProblem { message: string; location?: string }

export class Problem extends Error {
  constructor(readonly status: number, readonly title: string, detail: string, readonly errors: FieldProblem[]) {
    super(detail || title);
  }
}

export interface Answer<T> { body: T; etag: string | null }

interface Options { method?: string; body?: unknown; signal?: AbortSignal; headers?: Record<string, string> }

export async function call<T>(path: string, options: Options = {}): Promise<Answer<T>> {
  const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(path, {
      method: options.method ?? "GET",
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "No connection", "The server did not answer. Your text is kept here; try again.", []);
  }
  const text = await response.text();
  if (!response.ok) throw problem(response, text);
  return { body: (text ? JSON.parse(text) : null) as T, etag: response.headers.get("ETag") };
}

function problem(response: Response, text: string): Problem {
  try {
    const p = JSON.parse(text) as { title?: string; detail?: string; errors?: FieldProblem[] };
    return new Problem(response.status, p.title ?? "", p.detail ?? "", p.errors ?? []);
  } catch {
    return new Problem(response.status, response.statusText, `The server answered ${response.status}.`, []);
  }
}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError";

// Times as people say them, with the exact one on hover. The reader chooses
// between local time and UTC; the choice is kept in this browser.

const zoneKey = "wingmirror.utc";

export const inUTC = (): boolean => localStorage.getItem(zoneKey) === "1";
export const setUTC = (on: boolean): void => localStorage.setItem(zoneKey, on ? "1" : "0");

export function relative(from: number, now: number): string {
  const seconds = Math.round((from - now) / 1000);
  if (seconds === 0) return "now";
  return seconds < 0 ? `${span(-seconds)} ago` : `in ${span(seconds)}`;
}

/** How long something is, in its largest unit, rounded as the server does it. */
export function span(seconds: number): string {
  for (const [size, until, name] of [[1, 60, "s"], [60, 3600, "min"], [3600, 129600, "h"]] as const) {
    const n = Math.round(seconds / size);
    if (n * size < until) return `${n} ${name}`;
  }
  return `${Math.round(seconds / 86400)} d`;
}

/** The exact time as the server's texts and mails write it: 2026-11-21 15:54:12 UTC. */
export function exact(ms: number, utc = inUTC()): string {
  const parts = new Intl.DateTimeFormat("en", {
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
    hourCycle: "h23", timeZoneName: "short", ...(utc ? { timeZone: "UTC" } : {}),
  }).formatToParts(ms);
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.find((p) => p.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}:${part("second")} ${part("timeZoneName")}`;
}

/** What stands on an axis for a moment: the day, the time of day, or both. */
export function onAxis(ms: number, show: { day?: boolean; time?: boolean; seconds?: boolean }): string {
  const zone = inUTC() ? { timeZone: "UTC" } : {};
  const day = show.day ? new Intl.DateTimeFormat("en", { month: "short", day: "numeric", ...zone }).format(ms) : "";
  const time = show.time ? new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(show.seconds ? { second: "2-digit" } : {}), ...zone }).format(ms) : "";
  return `${day} ${time}`.trim();
}

export function refreshTimes(root: ParentNode = document): void {
  const now = Date.now();
  for (const el of root.querySelectorAll<HTMLTimeElement>("time[data-rel]")) {
    const at = Date.parse(el.dateTime);
    const text = el.dataset.rel === "for" ? span(Math.max(0, Math.round((now - at) / 1000)))
      : el.dataset.rel === "next" && at < now ? "now" : relative(at, now);
    if (el.textContent !== text) el.textContent = text;
    const title = exact(at);
    if (el.title !== title) el.title = title;
  }
}

export function duration(ms: number): string {
  if (ms < 1) return `${Math.max(1, Math.round(ms * 1000))} µs`;
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(1)} s`;
}

export function bytes(n: number): string {
  if (n < 1024) return `${n} B`;
  if (n < 1 << 20) return `${(n / 1024).toFixed(0)} KiB`;
  return `${(n / (1 << 20)).toFixed(1)} MiB`;
}

/** A value in at most five characters or so, for legends and axes. */
export function compact(v: number | null | undefined): string {
  if (v === null || v === undefined || Number.isNaN(v)) return "–";
  const size = Math.abs(v);
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return v.toExponential(2);
  for (const [limit, suffix] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]] as const) {
    if (size >= limit) {
      const unit = suffix === "k" ? 1e3 : limit;
      return `${Number((v / unit).toPrecision(4))}${suffix}`;
    }
  }
  return String(Number(v.toPrecision(4)));
}

/** A moment as an input of type datetime-local has it, in the reader's zone. */
export function localInput(iso: string): string {
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

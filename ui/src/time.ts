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

export function exact(ms: number, utc = inUTC()): string {
  const options: Intl.DateTimeFormatOptions = {
    weekday: "short", year: "numeric", month: "short", day: "numeric",
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZoneName: "short",
  };
  if (utc) options.timeZone = "UTC";
  return new Intl.DateTimeFormat(undefined, options).format(ms);
}

export function refreshTimes(root: ParentNode = document): void {
  const now = Date.now();
  for (const el of root.querySelectorAll<HTMLTimeElement>("time[data-rel]")) {
    const at = Date.parse(el.dateTime);
    const text = el.dataset.rel === "for" ? span(Math.max(0, Math.round((now - at) / 1000))) : relative(at, now);
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

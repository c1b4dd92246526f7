// What every page loads: relative times, theme, keys, live lists.
import "./site.css";
import { startAnnouncements } from "./announcements";
import { call } from "./api";
import { all, confirmTwice, maybe, toast } from "./dom";
import { startFolds } from "./fold";
import { startForms } from "./forms";
import { startKeys } from "./keys";
import { startLists } from "./list";
import { startLive } from "./live";
import { startTiles } from "./tiles";
import { inUTC, refreshTimes, setUTC } from "./time";

/** The choice is kept in a cookie, so that the server's first paint is right. */
function applyTheme(theme: string): void {
  document.documentElement.dataset.theme = theme;
  document.dispatchEvent(new CustomEvent("wm:theme"));
}

function startTheme(): void {
  maybe("#theme")?.addEventListener("click", () => {
    const dark = getComputedStyle(document.documentElement).colorScheme === "dark"
      || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
    const next = dark ? "light" : "dark";
    document.cookie = `theme=${next}; path=/; max-age=31536000; samesite=lax`;
    applyTheme(next);
  });
}

function startZone(): void {
  const button = maybe<HTMLButtonElement>("#zone");
  if (!button) return;
  const show = () => {
    button.textContent = inUTC() ? "UTC" : "Local";
    refreshTimes();
  };
  button.addEventListener("click", () => {
    setUTC(!inUTC());
    show();
    document.dispatchEvent(new CustomEvent("wm:zone"));
  });
  show();
}

function startRestore(): void {
  for (const button of all<HTMLButtonElement>("[data-restore]")) {
    const id = button.dataset.monitor ?? "";
    confirmTwice(button, "Press again to restore", () => void restore(id, button.dataset.restore ?? "", button.dataset.current ?? ""));
  }
}

/** Saves an old version's text as the newest version. */
async function restore(id: string, version: string, current: string): Promise<void> {
  try {
    const { body } = await call<{ versions: { version: number; monitor: object }[] }>(`/api/v1/monitors/${id}/versions?limit=1&before=${Number(version) + 1}`);
    const old = body.versions.find((v) => String(v.version) === version);
    if (!old) throw new Error("This version is not stored any more.");
    await call(`/api/v1/monitors/${id}`, { method: "PUT", body: old.monitor, headers: { "If-Match": `"${current}"` } });
    location.reload();
  } catch (error) {
    toast((error as Error).message);
  }
}

startTheme();
startZone();
refreshTimes();
setInterval(refreshTimes, 1000);
startLists();
startFolds();
startLive();
startKeys();
startRestore();
startForms();
startAnnouncements();
startTiles();

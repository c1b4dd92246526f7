// The shapes of the JSON API that the editor uses; see docs/api.md.
import type { Line } from "./graph";

export interface Monitor {
  id: number;
  version: number;
  name: string;
  description: string;
  group: string;
  labels: Record<string, string>;
  schedule: string;
  timezone: string;
  catch_up: string;
  targets: string[];
  minutes: number;
  script: string;
  params?: unknown;
  alerts: string[];
  repeat: string;
  failures: number;
  recheck: string;
  keep_firing: string;
  warnings: string;
  flapping: string;
  faults: string;
  active: boolean;
  tests?: string;
}

export interface TargetSeries { label: string; points: number; last: number | null; spark: (number | null)[] }
export interface TargetStatus { target: string; letter: string; status: string; reason: string; series: TargetSeries[] }
export interface Window { from: number; until: number }
export interface ScriptError { message: string; line: number; column: number; stack: string }

export interface TestRun {
  at: string;
  level: string;
  fault: string;
  message: string;
  output: string;
  graph: Line[] | null;
  error?: ScriptError;
  targets: TargetStatus[] | null;
  window: Window;
  notices: { to: string; what: string; via?: string }[] | null;
  replay?: { verdict: string; version: number; differences: { part: string; was: string; now: string }[] };
  decision: string;
  problems: { location: string; message: string }[] | null;
  fetch_ms: number;
  cost: { wall_ms: number; cpu_ms: number; memory: number; points_in: number; points_out: number; output_bytes: number };
}

export interface Preview { targets: TargetStatus[] | null; window: Window }
export interface SchedulePreview { sentence: string; next: string[] | null; notes: string[] | null }
export interface Entry { name: string; twin?: string; kind: string; signature: string; summary: string; details: string; nulls?: string; example: { script: string; output: string } }
export interface MetricNode { path: string; leaf: boolean }
export interface SourceFunction { name: string; signature: string; description: string; group: string }

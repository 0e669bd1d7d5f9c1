import { isIPv4 } from "node:net";
import { Refusal } from "./errors";

/** Task ids: "1" + id in the cluster, "2" + IPv4 + port + id or "3" + IPv6 + port + id on one agent (OBShell facts §3.4). */
export interface TaskId {
  readonly id: number;
  /** Address of the agent whose own task it is; undefined for a cluster task. */
  readonly agent?: string;
}

export function clusterTaskId(id: number): string {
  return `1${id}`;
}

const LOCAL = { "2": 10, "3": 39 } as const;

export function parseTaskId(text: string): TaskId {
  if (!/^\d+$/.test(text)) throw new Refusal("Task.GenericID.Invalid", { args: [`${text}: invalid generic id`] });
  const kind = text.charAt(0);
  if (text.length < 2) throw new Refusal("Task.GenericID.Invalid", { args: [text] });
  if (kind === "1") return { id: Number(text.slice(1)) };
  if (kind !== "2" && kind !== "3") throw new Refusal("Task.GenericID.Invalid", { args: [text] });
  const ipDigits = LOCAL[kind];
  const ip = text.slice(1, 1 + ipDigits);
  const port = text.slice(1 + ipDigits, 6 + ipDigits);
  const id = text.slice(6 + ipDigits);
  if (id === "") throw new Refusal("Task.GenericID.Invalid", { args: [text] });
  return { id: Number(id), agent: `${kind === "2" ? ipv4(ip) : ip}:${Number(port)}` };
}

export function localTaskId(ip: string, port: number, id: number): string {
  const digits = isIPv4(ip)
    ? `2${String(ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0)).padStart(10, "0")}`
    : `3${"0".repeat(39)}`;
  return `${digits}${String(port).padStart(5, "0")}${id}`;
}

function ipv4(digits: string): string {
  const value = Number(digits);
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

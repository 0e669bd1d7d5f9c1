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

/** Digits before the id: kind, address, port. */
const LENGTH: Readonly<Record<string, number>> = { "1": 1, "2": 16, "3": 45 };

export function parseTaskId(text: string): TaskId {
  const invalid = (reason = "") => new Refusal("Task.GenericID.Invalid", { args: [text + reason] });
  const kind = text.charAt(0);
  const length = LENGTH[kind];
  if (length === undefined) throw invalid(": invalid generic id");
  if (text.length <= length) throw invalid();
  const own = text.slice(length);
  if (kind === "1") return { id: parseInteger(own, invalid) };
  const [ip, port] = [text.slice(1, length - 5), text.slice(length - 5, length)];
  if (!/^\d+$/.test(ip)) throw invalid(": convert id to bigInt failed");
  if (kind === "2" && (Number(ip) >= 2 ** 32 || Number(ip) < 2 ** 24)) throw invalid(": convert id to ip failed");
  if (!/^[+-]?\d+$/.test(port)) throw invalid(": parse port failed");
  return { id: parseInteger(own, invalid), agent: `${kind === "2" ? ipv4(ip) : ip}:${Number(port)}` };
}

/** Go's ParseInt, 64 bits. */
function parseInteger(text: string, invalid: (reason: string) => Refusal): number {
  const reason = (what: string) => `: strconv.ParseInt: parsing ${JSON.stringify(text)}: ${what}`;
  if (!/^[+-]?\d+$/.test(text)) throw invalid(reason("invalid syntax"));
  const value = BigInt(text.replace("+", ""));
  if (BigInt.asIntN(64, value) !== value) throw invalid(reason("value out of range"));
  return Number(value);
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

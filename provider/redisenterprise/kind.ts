import { definedBy, type Inputs } from "../core/arguments";
import type { ResourceKind } from "../core/kind";
import type { Runtime } from "../core/runtime";
import { formatParts } from "../core/version";
import { HttpClient } from "../http/client";
import { type TlsArguments, tlsFrom } from "../http/tls";
import type { Connect } from "../http/undici-transport";
import type { SharedArguments } from "./arguments";
import type { Seen, Which } from "./observe";
import { Login, type LoginOptions } from "./rest/login";
import { Nodes } from "./rest/nodes";
import { type Subject, UpgradeDriver } from "./upgrade-driver";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

type Parts<A> = Pick<ResourceKind<A & SharedArguments, Seen>, "pinned" | "drifted" | "targets"> & {
  readonly inputs: Inputs<A & SharedArguments>;
  readonly subject: (args: A & SharedArguments) => Subject;
  /** The value of `currentVersion`, if the resource has that output. */
  readonly current?: (seen: Seen) => string | undefined;
};

/** A resource kind of either resource. The kinds differ only in what they upgrade. */
export function databaseKind<A>(parts: Parts<A>, connect: Connect): ResourceKind<A & SharedArguments, Seen> {
  return {
    ...definedBy(parts.inputs),
    timeout: 2 * HOUR,
    derivedSecrets,
    times: {
      unreachableBudget: 20 * MINUTE,
      firstContact: MINUTE,
      lostReplyWindow: MINUTE / 2,
      settleTime: MINUTE,
      // The response contains the action: only a request that is still being processed is not visible.
      spacing: 3_000,
    },
    pinned: parts.pinned,
    identifiedBy: ["endpoints", "databaseId", "databaseName"],
    identity: identityOf,
    open: (args, runtime) => {
      const { nodes, close } = openNodes(args, runtime, connect);
      const subject = parts.subject(args);
      return new UpgradeDriver({ title: titleOf(args, subject), which: args, subject, nodes, runtime, close });
    },
    outputs: (seen) => {
      const current = parts.current?.(seen);
      return {
        ...(current === undefined ? {} : { currentVersion: current }),
        members: Object.fromEntries(seen.members.map(({ name, version }) => [name, formatParts(version)])),
      };
    },
    drifted: parts.drifted,
    ...(parts.targets === undefined ? {} : { targets: parts.targets }),
  };
}

/** The database at each address of its cluster: `10.0.0.1:9443/bdb-1`. */
export function identityOf(args: SharedArguments): string[] {
  return args.endpoints.map((endpoint) => `${new URL(endpoint).host}/${nameOf(args)}`);
}

/** `bdb-1`, or the database's name. */
function nameOf({ databaseId, databaseName }: Which): string {
  return databaseId === undefined ? (databaseName ?? "") : `bdb-${databaseId}`;
}

/** `Redis Enterprise database 1 at 10.0.0.1:9443 (modules)` */
function titleOf(args: SharedArguments, { aspect }: Subject): string {
  const name = args.databaseId ?? JSON.stringify(args.databaseName);
  const host = new URL(args.endpoints[0] ?? "").host;
  return `Redis Enterprise database ${name} at ${host}${aspect === undefined ? "" : ` (${aspect})`}`;
}

export interface ConnectionArguments extends TlsArguments {
  readonly endpoints: readonly string[];
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly authentication?: LoginOptions["authentication"];
}

export interface OpenNodes {
  readonly nodes: Nodes;
  readonly close: () => Promise<void>;
}

/** The nodes of one cluster. Nothing is sent before the first request. */
export function openNodes(
  args: ConnectionArguments,
  { clock, signal, conceal, proxies }: Pick<Runtime, "clock" | "signal" | "conceal" | "proxies">,
  connect: Connect,
): OpenNodes {
  const { endpoints, username, password, authentication } = args;
  const transport = connect(tlsFrom(args), proxies);
  const http = new HttpClient({ transport, clock, signal });
  const login = new Login({ username, password, authentication, clock, conceal });
  return { nodes: new Nodes({ endpoints, login, http }), close: () => transport.close() };
}

/** Basic authentication sends base64, which redaction derives from every secret. */
export function derivedSecrets({ username, password }: ConnectionArguments): readonly string[] {
  return username === undefined ? [] : [`${username}:${password ?? ""}`];
}

import { definedBy, type Inputs } from "../core/arguments";
import type { PinKind } from "../core/kind";
import type { Proxies } from "../core/runtime";
import { formatParts } from "../core/version";
import { HttpClient } from "../http/client";
import { type Tls, type TlsArguments, tlsFrom } from "../http/tls";
import type { Transport } from "../http/transport";
import type { SharedArguments } from "./arguments";
import type { Which } from "./database/find-database";
import type { Seen } from "./look";
import { Login } from "./rest/login";
import { Nodes } from "./rest/nodes";
import type { Subject } from "./subject";
import { UpgradePin } from "./upgrade-pin";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What carries the requests; tests put a simulator here. */
export type Connect = (tls: Tls, proxies?: Proxies) => Transport;

type Parts<A> = Pick<PinKind<A & SharedArguments, Seen>, "pinned" | "drifted" | "targets"> & {
  readonly inputs: Inputs<A & SharedArguments>;
  readonly subject: (args: A & SharedArguments) => Subject;
  /** The version for `currentVersion`, where the resource has that output. */
  readonly current?: (seen: Seen) => string | undefined;
};

/** A pin kind of either resource: they share everything but what they pin. */
export function databaseKind<A>(parts: Parts<A>, connect: Connect): PinKind<A & SharedArguments, Seen> {
  return {
    ...definedBy(parts.inputs),
    timeout: 2 * HOUR,
    // What Basic sends is its base64, which redaction knows of every secret.
    derivedSecrets: ({ username, password }) => (username === undefined ? [] : [`${username}:${password ?? ""}`]),
    times: {
      unreachableBudget: 20 * MINUTE,
      firstContact: MINUTE,
      lostReplyWindow: MINUTE / 2,
      settleTime: MINUTE,
      // The answer names the action: only a request that is still being processed does not show.
      spacing: 3_000,
    },
    pinned: parts.pinned,
    identifiedBy: ["endpoints", "databaseId", "databaseName"],
    identity: identityOf,
    open: (args, runtime) => {
      const { clock, signal, conceal } = runtime;
      const { endpoints, username, password, authentication } = args;
      const transport = connect(tlsFrom(tlsArguments(args)), runtime.proxies);
      const http = new HttpClient({ transport, clock, signal });
      const login = new Login({ username, password, authentication, clock, conceal });
      const nodes = new Nodes({ endpoints, login, http });
      const subject = parts.subject(args);
      const close = () => transport.close();
      return new UpgradePin({ title: titleOf(args, subject), which: args, subject, nodes, runtime, close });
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

/** A database by each address of its cluster: `10.0.0.1:9443/bdb-1`. */
export function identityOf(args: SharedArguments): string[] {
  return args.endpoints.map((endpoint) => `${new URL(endpoint).host}/${nameOf(args)}`);
}

function tlsArguments(args: SharedArguments): TlsArguments {
  return args;
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

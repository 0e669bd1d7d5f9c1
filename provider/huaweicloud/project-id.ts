import { z } from "zod";
import { UpgradeError } from "../core/errors";
import { validate } from "../http/body";
import { Caller } from "./caller";
import type { Connection } from "./connection";
import { vendorProblem } from "./errors";
import { note, rows, text } from "./schema";
import { SingleFlight } from "./shared-read";
import type { Scope } from "./tokens";

/**
 * The project of requests to the service: the configured one, or the region's. Looked up once per account and process.
 * @throws UpgradeError `blocked` when the account has none of that name, or several; Unreachable when IAM is
 * unavailable
 */
export async function projectIdOf(
  connection: Connection,
  { projectId, region = "" }: Scope,
  signal: AbortSignal,
): Promise<string> {
  if (projectId !== undefined) return projectId;
  return connection.session.projects.get(region) ?? lookUpOnce(connection, region).for(signal);
}

/** One look-up, shared by all callers. */
function lookUpOnce(connection: Connection, region: string): SingleFlight<string> {
  const { lookups, session } = connection;
  const known = lookups.get(region);
  if (known?.abandoned === false) return known;
  const lookup: SingleFlight<string> = new SingleFlight(async (signal) => {
    try {
      const id = await lookUp(new Caller(connection, AbortSignal.any([connection.signal, signal])), connection, region);
      session.projects.set(region, id);
      return id;
    } finally {
      if (lookups.get(region) === lookup) lookups.delete(region);
    }
  });
  lookups.set(region, lookup);
  return lookup;
}

const projects = z.object({ projects: rows(z.object({ id: text, name: note })) });

async function lookUp(caller: Caller, { session }: Connection, region: string): Promise<string> {
  const { iam, credentials } = session;
  const what = `GET /v3/projects?name=${region} at ${iam}`;
  const call = { what, method: "GET", origin: iam, path: "/v3/projects", query: { name: region } } as const;
  const { parsed, signed, what: sent } = await caller.attempt(call, { region });
  if (parsed.kind !== "data") throw vendorProblem(sent, parsed, { credentials, signed });
  // Sub-projects are named <region>_<name>.
  const named = validate(projects, parsed.data, what).projects.filter(({ name }) => name === region);
  const [only, ...others] = named;
  if (only !== undefined && others.length === 0) return only.id;
  const many = named.map(({ id }) => id).join(", ");
  throw new UpgradeError(
    "blocked",
    only === undefined
      ? `${iam}: the account has no project named ${region}.`
      : `${iam}: the account has several projects named ${region}: ${many}.`,
    { remedy: "Set `projectId` to the project of the instances, or check `region` and the account." },
  );
}

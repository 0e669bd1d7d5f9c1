import { counted } from "../../provider/base/sentences";
import { type Database, databaseOf, STATUSES, type Status } from "./database";
import { unsecret } from "./secrets";
import { ReportError, stackExportIn, textOf } from "./stack-export";
import { subjectOf } from "./subject";

/** The databases of a stack. */
export interface Stack {
  /** `shop / production` */
  readonly title: string;
  /** When the state was written, as found. */
  readonly time: string | undefined;
  /** Those that need attention first, then by name. */
  readonly databases: readonly Database[];
}

/**
 * @param root parsed JSON
 * @param name of the input, for messages
 * @throws ReportError if it is not a stack export, or manages no database
 */
export function stackOf(root: unknown, name: string): Stack {
  const { resources, pending, deployment, time } = stackExportIn(root, name);
  const clean = unsecret(deployment);
  const databases = resources.flatMap((resource) => {
    const subject = subjectOf(textOf(resource["type"]) ?? "");
    if (subject === undefined) return [];
    const operation = pending.get(textOf(resource["urn"], 2_000) ?? "");
    const { inputs, outputs, urn, initErrors } = resource;
    return [databaseOf(subject, Object(clean({ inputs, outputs, urn, initErrors })), operation)];
  });
  if (databases.length === 0) {
    throw new ReportError(
      `${name} is a stack export with ${counted(resources.length, "resource")}, none of which belongs to pulumi-dbversion: there is nothing to report.`,
    );
  }
  return { title: titleOf(databases), time, databases: databases.sort(byAttention) };
}

/** How many databases have each of these statuses, without those that none has. */
export function countsOf(databases: readonly Database[], statuses: readonly Status[] = STATUSES): Count[] {
  return statuses
    .map((status) => ({ status, count: databases.filter((database) => database.status === status).length }))
    .filter(({ count }) => count > 0);
}

export interface Count {
  readonly status: Status;
  readonly count: number;
}

function byAttention(a: Database, b: Database): number {
  return (
    STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status) ||
    Number(b.drifted) - Number(a.drifted) ||
    compareTexts(a.name, b.name) ||
    compareTexts(a.urn, b.urn)
  );
}

const collator = new Intl.Collator("en", { numeric: true });

function compareTexts(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

/** `urn:pulumi:<stack>::<project>::<types>::<name>` */
function titleOf(databases: readonly Database[]): string {
  const [, stack, project] = /^urn:pulumi:([^:]+)::([^:]+)::/.exec(databases[0]?.urn ?? "") ?? [];
  return stack === undefined || project === undefined ? "a stack" : `${project} / ${stack}`;
}

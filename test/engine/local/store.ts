import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Deployment } from "../types";
import { Sealer } from "./seal";
import { exportResource, importResource, type Snapshot } from "./state";

export const STATE_FILE = "state.json";
export const LOCK_FILE = "lock.json";

/** The state of one stack in a directory, in the CLI's format, replaced as a whole at each checkpoint. */
export class Store {
  readonly #directory: string;
  readonly #sealer: Sealer;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    this.#directory = directory;
    this.#sealer = new Sealer(directory);
  }

  load(): Snapshot {
    const path = join(this.#directory, STATE_FILE);
    if (!existsSync(path)) return { resources: [], pendingOperations: [] };
    const { deployment } = JSON.parse(readFileSync(path, "utf8")) as Deployment; // we wrote it
    return {
      resources: (deployment.resources ?? []).map((each) => importResource({ ...each }, this.#sealer)),
      pendingOperations: (deployment.pending_operations ?? []).map(({ resource, type }) => ({
        resource: importResource({ ...resource }, this.#sealer),
        type: type as "creating", // we wrote it
      })),
    };
  }

  /** Written beside and renamed: a kill in the middle leaves the checkpoint before. */
  save({ resources, pendingOperations }: Snapshot): void {
    const deployment: Deployment = {
      version: 3,
      deployment: {
        manifest: { time: new Date().toISOString(), magic: "", version: "" },
        secrets_providers: this.#sealer.description,
        resources: resources.map((each) => exportResource(each, this.#sealer)),
        ...(pendingOperations.length > 0 && {
          pending_operations: pendingOperations.map(({ resource, type }) => ({
            resource: exportResource(resource, this.#sealer),
            type,
          })),
        }),
        metadata: {},
      },
    };
    const path = join(this.#directory, STATE_FILE);
    writeFileSync(`${path}.new`, JSON.stringify(deployment, undefined, 2));
    renameSync(`${path}.new`, path);
  }

  /** Refuses while another engine holds the stack, or was killed while it held it, as the CLI's file backend does. */
  lock(): () => void {
    const path = join(this.#directory, LOCK_FILE);
    try {
      writeFileSync(path, JSON.stringify({ pid: process.pid, timestamp: new Date().toISOString() }), { flag: "wx" });
    } catch {
      throw new Error(
        "the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock " +
          "file with `pulumi cancel`.",
      );
    }
    return () => rmSync(path, { force: true });
  }
}

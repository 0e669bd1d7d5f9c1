import { formatDuration } from "../../core/duration";
import type { Gateway } from "../../huaweicloud/gateway";
import type { JobRow } from "../schema";
import { readJobs, readTaskDetail, remainingOf } from "../tasks";

/** The task centre's remaining time of one task at a time. Only advice: where it cannot be had there is none. */
export class TaskCenter {
  readonly #gateway: Gateway;
  #row: { readonly id: string; readonly row: JobRow | undefined } | undefined;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /**
   * `about 12 min left`, or `""`. The list is asked once whether the task shows its progress.
   * @param id as the service writes it
   */
  async remaining(id: string): Promise<string> {
    try {
      const row = await this.#rowOf(id);
      if (row?.show_detail !== true) return "";
      const detail = await readTaskDetail(this.#gateway, row);
      const seconds = detail && remainingOf(detail);
      return seconds === undefined || seconds <= 0 ? "" : `about ${formatDuration(seconds * 1_000)} left`;
    } catch {
      return "";
    }
  }

  async #rowOf(id: string): Promise<JobRow | undefined> {
    if (this.#row?.id !== id) {
      const [row] = await readJobs(this.#gateway, { jobId: id });
      this.#row = { id, row };
    }
    return this.#row.row;
  }
}

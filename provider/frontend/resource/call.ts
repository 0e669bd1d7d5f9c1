/** Registers a listener for the cancellation of the run, which is called at once after one. Returns how to remove it. */
export type OnCancel = (listener: () => void) => () => void;

/** One operation of Pulumi's on one resource, however Pulumi calls for it. */
export interface Call {
  /** `oceanbase:ClusterVersion` */
  readonly type: string;
  readonly urn: string;
  /** Milliseconds that the operation may take, where the user has said. */
  readonly limit?: number | undefined;
  readonly onCancel: OnCancel;
  /** Whether its permanent lines are shown with the name of the resource: `preview --diff` prints them without their resource. */
  readonly named?: true;
}

/** `taurusdb:KernelVersion "orders"` */
export function describeResource(type: string, urn: string): string {
  return `${type} "${resourceName(urn)}"`;
}

/** The name of a resource in its program; empty for what is no URN. A name may have `::` in it. */
export function resourceName(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/**
 * Registers a listener for the cancellation of the run; it is called immediately if the run is already canceled.
 * Returns a function that removes it.
 */
export type OnCancel = (listener: () => void) => () => void;

/** One Pulumi operation on one resource, regardless of the protocol. */
export interface Call {
  /** `oceanbase:ClusterVersion` */
  readonly type: string;
  readonly urn: string;
  /** The user's limit for the operation, in milliseconds. */
  readonly limit?: number | undefined;
  readonly onCancel: OnCancel;
  /** Whether its permanent lines are shown with the name of the resource: `preview --diff` prints them without their resource. */
  readonly named?: true;
}

/** `taurusdb:KernelVersion "orders"` */
export function describeResource(type: string, urn: string): string {
  return `${type} "${resourceName(urn)}"`;
}

/** The name of a resource in its program; empty if the text is not a URN. A name may contain `::`. */
export function resourceName(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

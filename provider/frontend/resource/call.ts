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
}

/** `taurusdb:KernelVersion "orders"` */
export function describeResource(type: string, urn: string): string {
  return `${type} "${urn.split("::").at(-1)}"`;
}

import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";

/** A registration as the program sent it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly parent: string;
  /** As they are sent: secrets are marked. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly secretOutputs: readonly string[];
  readonly updateTimeout: string;
  /** URNs that each argument depends on. */
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
}

/** How the SDK marks a secret in inputs. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** The value of a secret as JSON; undefined if the value is not a secret. */
export function secretValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Reflect.get(value, SIGNATURE) !== SECRET) return undefined;
  return Reflect.get(value, "value");
}

/**
 * Runs a program with the SDK's mocks and returns every registration.
 * @param program returns the resource that is registered last
 * @param outputs what the provider adds to the inputs
 */
export async function registrations(
  program: () => pulumi.Resource,
  outputs: Record<string, unknown> = {},
): Promise<readonly Registered[]> {
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => ({ id: `${name}-id`, state: { ...inputs, ...outputs } }),
      call: ({ inputs }) => inputs,
    },
    "shop",
    "dev",
  );
  const seen: Registered[] = [];
  observe((request) => seen.push(readRequest(request)));
  await settled(program().urn);
  return seen;
}

/** The mocks do not receive the whole request, so the monitor is wrapped. */
function observe(receive: (request: RegisterResourceRequest) => void): void {
  const monitor: object = pulumi.runtime.getMonitor() ?? {};
  const register: unknown = Reflect.get(monitor, "registerResource");
  if (typeof register !== "function") throw new Error("the SDK's mock monitor has changed");
  Reflect.set(monitor, "registerResource", (request: RegisterResourceRequest, ...rest: unknown[]) => {
    receive(request);
    return Reflect.apply(register, monitor, [request, ...rest]);
  });
}

function readRequest(request: RegisterResourceRequest): Registered {
  return {
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    parent: request.getParent(),
    inputs: request.getObject()?.toJavaScript() ?? {},
    secretOutputs: request.getAdditionalsecretoutputsList(),
    updateTimeout: request.getCustomtimeouts()?.getUpdate() ?? "",
    dependencies: Object.fromEntries(
      [...request.getPropertydependenciesMap().entries()].map(([name, value]) => [name, value.getUrnsList()]),
    ),
  };
}

/** The value of an output. */
export function settled<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply((value) => resolve(value as T)); // of plain data the unwrapped value is the value
  });
}

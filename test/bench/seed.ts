import type { Deployment, ExportedResource } from "../engine";

/**
 * The state with copies of the only resource of a program, each under its own name and with the same ciphertexts. Creating
 * thousands with an engine would take longer than all measurements.
 * @param count the number of resources, including the first
 */
export function multiplied({ deployment, ...rest }: Deployment, count: number): Deployment {
  const resources = (deployment.resources ?? []).flatMap((resource) =>
    resource.urn.endsWith("::res0")
      ? Array.from({ length: count }, (_, at) => (at === 0 ? resource : renamed(resource, `res${at}`)))
      : [resource],
  );
  if (resources.length < count) throw new Error("the resource to be copied is not in the state");
  return { ...rest, deployment: { ...deployment, resources } };
}

/** Replaces the URN in a resource. */
function renamed(resource: ExportedResource, name: string): ExportedResource {
  const text = JSON.stringify(resource).replaceAll('::res0"', `::${name}"`);
  return JSON.parse(text); // the shape is unchanged
}

import type { Deployment, ExportedResource } from "../engine";

/**
 * The state as if the program had made more of its only pin: each is a copy of the first under its own name, with its own
 * ciphertexts left as they are. Making thousands through an engine would take longer than all that is measured.
 * @param pins how many there are to be, the first one included
 */
export function multiplied({ deployment, ...rest }: Deployment, pins: number): Deployment {
  const resources = (deployment.resources ?? []).flatMap((resource) =>
    resource.urn.endsWith("::pin0")
      ? Array.from({ length: pins }, (_, at) => (at === 0 ? resource : renamed(resource, `pin${at}`)))
      : [resource],
  );
  if (resources.length < pins) throw new Error("the pin to be multiplied is not in the state");
  return { ...rest, deployment: { ...deployment, resources } };
}

/** Whatever in a resource says its URN says the new one. */
function renamed(resource: ExportedResource, name: string): ExportedResource {
  const text = JSON.stringify(resource).replaceAll('::pin0"', `::${name}"`);
  return JSON.parse(text); // a resource as before
}

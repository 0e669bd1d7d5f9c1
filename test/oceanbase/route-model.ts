import fc from "fast-check";
import type { VersionNode } from "../../provider/oceanbase/upgrade-path/dependencies";

/** Lists for the properties of routes: few versions, some with builds, so that paths meet, fork and end. */
const version = fc.integer({ min: 0, max: 5 }).map((minor) => `4.2.${minor}.0`);
const name = fc.tuple(version, fc.constantFrom("", "", "-1", "-2")).map((parts) => parts.join(""));

export const lists: fc.Arbitrary<readonly VersionNode[]> = fc.uniqueArray(
  fc.record(
    {
      name,
      leadsTo: fc.uniqueArray(name, { maxLength: 4 }),
      deprecated: fc.boolean(),
      barrier: fc.record({ required: fc.boolean(), whenComeFrom: fc.uniqueArray(name, { maxLength: 3 }) }),
    },
    { requiredKeys: ["name", "leadsTo", "deprecated"] },
  ),
  { selector: (node) => node.name, minLength: 1, maxLength: 9 },
);

export const built = fc.record({ version, build: fc.constantFrom("1", "2", "3") });

/** Lists as OceanBase publishes them: every version leads to the next one, and no build has an entry of its own. */
export const chains: fc.Arbitrary<readonly VersionNode[]> = fc
  .array(fc.record({ required: fc.boolean(), from: fc.array(fc.nat({ max: 7 }), { maxLength: 3 }) }), {
    minLength: 2,
    maxLength: 8,
  })
  .map((links) =>
    links.map(({ required, from }, index) => ({
      name: `4.2.${index}.0`,
      leadsTo: index + 1 < links.length ? [`4.2.${index + 1}.0`] : [],
      deprecated: false,
      barrier: { required, whenComeFrom: from.map((minor) => `4.2.${minor}.0`) },
    })),
  );

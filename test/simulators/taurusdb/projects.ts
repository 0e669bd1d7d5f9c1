import type { SimResponse } from "../shell/http";
import { type IamCall, jsonResponse } from "./call";
import { IamRefusal } from "./errors";

/** GET /v3/projects: the caller's projects; `name` is exact, so sub-projects are not found by their region (§1a). */
export function listProjects({ principal, query, request }: IamCall): SimResponse {
  if (principal === undefined) throw new IamRefusal(401, "The request you have made requires authentication.");
  const { account } = principal;
  const [name, domain] = [query.get("name"), query.get("domain_id")];
  const enabled = query.get("enabled") ?? "true";
  const found = account.projects.filter(
    (one) => (name ?? one.name) === one.name && (domain ?? account.id) === account.id && enabled === "true",
  );
  const page = countQuery(query.get("page") ?? "1");
  const size = countQuery(query.get("per_page") ?? "5000");
  return jsonResponse({
    links: { self: `https://${request.headers["host"] ?? ""}/v3/projects`, previous: null, next: null },
    projects: found.slice((page - 1) * size, page * size).map((one) => ({
      id: one.id,
      name: one.name,
      domain_id: account.id,
      parent_id: account.id,
      enabled: true,
      is_domain: false,
      description: "",
      links: { self: `https://${request.headers["host"] ?? ""}/v3/projects/${one.id}` },
    })),
  });
}

function countQuery(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new IamRefusal(400, "page and per_page must be positive numbers.");
  return Number(text);
}

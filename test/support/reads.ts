/** Requests other than GET that change nothing, each with the reason why it is needed. */
const LOGINS: readonly { readonly method: string; readonly path: RegExp; readonly reason: string }[] = [
  {
    method: "POST",
    path: /^\/v3\/auth\/tokens$/,
    reason: "Huawei Cloud's IAM issues a token by password in no other way",
  },
  {
    method: "POST",
    path: /^\/v1\/users\/authorize$/,
    reason: "a Redis Enterprise cluster without Basic authentication requires a token",
  },
  { method: "POST", path: /^\/v1\/users\/refresh_jwt$/, reason: "that token is renewed before it expires" },
];

/** Whether a request may be sent by a preview or a refresh. */
export function isRead({ method, target }: { readonly method: string; readonly target: string }): boolean {
  const path = target.split("?")[0] ?? "";
  if (method === "GET" || method === "HEAD") return true;
  return LOGINS.some((login) => login.method === method && login.path.test(path));
}

/** `10.0.0.1:2886` or `[fd00::1]:2886`: how obshell writes an agent's address, as key of a map and in its messages. */
export function addressOf(ip: string, port: number | undefined): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** The addresses under which browsers reach this machine. */
import { networkInterfaces } from "node:os";

/** `http://localhost:2567/` first, then one for each address of the local network (IPv4; link-local and virtual bridges included). */
export function pageAddresses(port: number): string[] {
  const outside = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal);
  return ["localhost", ...new Set(outside.map(({ address }) => address))].map((host) => `http://${host}:${port}/`);
}

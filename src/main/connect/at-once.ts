/** Visits at a time: logins to hosts, and endpoints. `isFixed`: it is never passed, not even by hosts that hang. */
export type AtOnce = { hosts: number; endpoints: number; isFixed: boolean };

/** Logins at a time: enough to hide slow hosts, few enough for a small router. */
const HOSTS_AT_ONCE = 32;

/** Endpoints under way at a time. Dead addresses wait here together; the prober limits the handshakes. */
const ENDPOINTS_AT_ONCE = 2_048;

/** Logins under way through one jump host: sshd takes ten strangers at a time, and ten channels of one login. */
export const AT_ONCE_THROUGH_A_JUMP_HOST = 8;

/** So many at a time of each kind as the user wants, or as is usual; never more than there are descriptors for. */
export function chooseAtOnce(concurrency: number | null, freeDescriptors: number): AtOnce {
  // A login may need another descriptor for the agent, and an endpoint has up to eight addresses.
  const room = (share: number) => Math.max(1, Math.floor(freeDescriptors * share));
  return {
    hosts: Math.min(concurrency ?? HOSTS_AT_ONCE, room(1 / 4)),
    endpoints: Math.min(concurrency ?? ENDPOINTS_AT_ONCE, room(1 / 2)),
    isFixed: concurrency !== null || room(1 / 4) < HOSTS_AT_ONCE,
  };
}

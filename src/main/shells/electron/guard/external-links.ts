import type { Shell } from "electron";

/** All that the window can open in a browser. Nothing that was read anywhere is among it. */
export const LINKS = {
  "authorized-keys": "https://man.openbsd.org/sshd.8#AUTHORIZED_KEYS_FILE_FORMAT",
  "ssh-config": "https://man.openbsd.org/ssh_config.5",
} as const;

export type LinkId = keyof typeof LINKS;

export const openExternalLink = (shell: Pick<Shell, "openExternal">, id: LinkId): Promise<void> =>
  shell.openExternal(LINKS[id]);

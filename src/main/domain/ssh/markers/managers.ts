/**
 * The programs that write authorized_keys files, by the marks that they leave.
 *
 * A mark is text that anybody can write: it says who will undo a change, never who owns a key. Each was taken from
 * the program's source, or from files that it wrote.
 */
export type Manager = { by: string; isUndone: string };

const undoneBy = (by: string, how: string): Manager => ({
  by,
  isUndone: `deleting it here is undone by ${how}`,
});

export const ANSIBLE = undoneBy("Ansible", "the next run of the playbook: take the key out of the playbook");
export const PUPPET = undoneBy(
  "Puppet",
  "the next run of the agent where a manifest names the key: set its ssh_authorized_key to ensure => absent",
);
export const CHEF = undoneBy(
  "Chef",
  "the next run of chef-client: take the key out of the cookbook or data bag",
);
export const SALT = undoneBy(
  "Salt",
  "the next highstate: take the key out of the state or pillar, or list it under ssh_auth.absent",
);
export const GOOGLE = undoneBy(
  "Google guest agent",
  "the guest agent within minutes: remove the key from the metadata (ssh-keys) of the instance or the project",
);
export const DIGITAL_OCEAN = undoneBy(
  "DigitalOcean droplet agent",
  "the next console login from the control panel: remove the droplet agent from the host to end that",
);
export const CLOUD_INIT = undoneBy(
  "cloud-init",
  "cloud-init at the first boot of every instance: change the key of the instance or the image, and disable_root in cloud.cfg",
);
export const NIXOS = undoneBy(
  "NixOS",
  "the next nixos-rebuild: change openssh.authorizedKeys in the configuration",
);
export const HOME_MANAGER = undoneBy(
  "home-manager",
  "the next home-manager switch, and the file cannot be written: change it in the home configuration",
);
export const GUIX = undoneBy(
  "Guix",
  "the next guix system reconfigure: change authorized-keys in the configuration",
);
export const PROXMOX = undoneBy(
  "Proxmox VE",
  "the cluster, whose nodes share this file: what is changed here is changed on all of them",
);
export const IGNITION = undoneBy(
  "Ignition",
  "a new provisioning of the machine: change sshAuthorizedKeys in its config",
);
export const AFTERBURN = undoneBy(
  "Afterburn",
  "Afterburn at the next boot: remove the key from the metadata of the cloud's instance",
);
export const GITLAB = undoneBy(
  "GitLab",
  "GitLab's rebuild of the file: remove the key from the user's profile or project there",
);
export const GITEA = undoneBy(
  "Gitea",
  "Gitea when it writes the file anew: remove the key from the user's profile there",
);
export const GITOLITE = undoneBy(
  "gitolite",
  "the next push to gitolite-admin: remove the key from its keydir",
);

/** Files and folders: modes, owners, links. Most of it counts under StrictModes alone. */
import { type AccountState, accepts, type Disk, type Row, refuses } from "./row.ts";

const disk = (words: string, make: string): Disk => ({ words, make });

const WITH_STAFF: AccountState = { words: "in the group staff", groups: ["staff"] };

/** What StrictModes refuses. */
const OPEN: readonly { disk: Disk; account?: AccountState }[] = [
  { disk: disk("home 0777", "chmod 777 $home") },
  { disk: disk(".ssh 0707", "chmod 707 $home/.ssh") },
  { disk: disk("file 0606", "chmod 606 $file") },
  { disk: disk("home 0775, group staff, which has a member", "chgrp staff $home; chmod 775 $home") },
  { disk: disk(".ssh 0770, group of others", "chgrp staff $home/.ssh; chmod 775 $home/.ssh") },
  { disk: disk("file 0660, group of others", "chgrp staff $file; chmod 664 $file") },
  { disk: disk("file of another account", "chown other $file; chmod 644 $file") },
  { disk: disk(".ssh of another account", "chown other $home/.ssh") },
  { disk: disk("home of another account", "chown other $home") },
  {
    disk: disk("a link to /tmp", "mv $file /tmp/$user; ln -s /tmp/$user $file"),
  },
  {
    disk: disk(
      "a link into a folder that all may write",
      "install -d -m 777 /srv/all; mv $file /srv/all/$user; ln -s /srv/all/$user $file",
    ),
  },
];

/** What StrictModes lets pass. */
const CLOSED: readonly { disk: Disk; account?: AccountState }[] = [
  { disk: disk("file 0400", "chmod 400 $file") },
  { disk: disk("home 0700", "chmod 700 $home") },
  { disk: disk("home 1777 of nobody else's group is not: 1755", "chmod 1755 $home") },
  { disk: disk("home 0775, its own group, which is empty", "chmod 775 $home") },
  { disk: disk(".ssh 0770, its own group, which is empty", "chmod 770 $home/.ssh") },
  { disk: disk("file 0660, its own group, which is empty", "chmod 660 $file") },
  { disk: disk("all of it root's", "chown root:root $home $home/.ssh $file; chmod 644 $file") },
  { disk: disk("a link to a file in /srv", "mv $file /srv/$user; ln -s /srv/$user $file") },
  { disk: disk("a hard link", "ln $file /home/$user.link") },
  {
    disk: disk(
      "home through a link",
      "mkdir -p /srv/homes; mv $home /srv/homes/$user; ln -s /srv/homes/$user $home",
    ),
  },
  {
    disk: disk(
      "home below a folder that all may write",
      "install -d -m 777 /srv/open; mv $home /srv/open/; sed -i s,:$home:,:/srv/open/$user:, /etc/passwd",
    ),
  },
  {
    disk: disk(
      "home through a link, and an open folder above it",
      "install -d -m 777 /srv/above; mv $home /srv/above/$user; ln -s /srv/above/$user $home",
    ),
  },
  { disk: disk(".ssh is a link", "mv $home/.ssh $home/ssh; ln -s ssh $home/.ssh") },
];

/** What sshd cannot open, whatever StrictModes is. */
const UNREADABLE: readonly Row[] = [
  refuses("may not read", { disk: disk("file root's, 0600", "chown root:root $file; chmod 600 $file") }),
  refuses("may not read", {
    disk: disk(".ssh root's, 0700", "chown root:root $home/.ssh; chmod 700 $home/.ssh"),
  }),
  refuses("regular file", { disk: disk("a folder in its place", "rm $file; mkdir $file") }),
  refuses("regular file", { disk: disk("a FIFO in its place", "rm $file; mkfifo $file") }),
  refuses("regular file", { disk: disk("a link to /dev/zero", "rm $file; ln -s /dev/zero $file") }),
  accepts({
    account: WITH_STAFF,
    disk: disk("file root's, 0640, readable through a group", "chown root:staff $file; chmod 640 $file"),
  }),
];

export const STRICT_ROWS: readonly Row[] = [
  ...OPEN.map((parts) => refuses("StrictModes", { ...parts, dormant: "StrictModes" })),
  ...CLOSED.map(accepts),
  ...UNREADABLE,
];

export const LAX_ROWS: readonly Row[] = [...OPEN.map(accepts), ...CLOSED.map(accepts), ...UNREADABLE];

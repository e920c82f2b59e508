/** One page to print: what whoever goes to an air-gapped host carries, types and brings back. */
export const BUNDLE_INSTRUCTIONS = `LATCHKEY: READING A HOST THAT NO NETWORK LEADS TO

You carry a script there and a file back. The script only reads: it writes nothing on the host but
what you let it print into a file of yours, it installs nothing and opens no connection.

1  CARRY
   [ ] collect.sh     made here with:  latchkey collector > collect.sh
   [ ] this page
   [ ] a medium with 16 MiB free for each host: no bundle is larger

2  RUN IT THERE, with the medium at /mnt
   As root, which sees everything:
       sudo sh /mnt/collect.sh > /mnt/$(uname -n).bundle
   Without root, which sees what this login may see; the rest is named as not read:
       sh /mnt/collect.sh > /mnt/$(uname -n).bundle
   It takes a second or so, and it needs sh with awk and od (coreutils or busybox). Once is enough. Then
   wait until everything is on the medium:
       sync; grep -a -c '^end ' /mnt/$(uname -n).bundle; tail -n 1 /mnt/$(uname -n).bundle
   says 1, and ends with "END SSH SIGNATURE". With 0 the bundle is not whole: run it again.
   As root, the script has the host's own SSH keys sign what it wrote (ssh-keygen of OpenSSH 8.1 or
   later). By that it is known to be of this host; where the last line is "host-unsigned", it is not.

3  VOUCH FOR IT THERE, if you will (with your own SSH key, or one on a security key)
       ssh-keygen -Y sign -n latchkey-bundle -f ~/.ssh/id_ed25519 /mnt/$(uname -n).bundle
   writes $(uname -n).bundle.sig beside it. Carry both.

4  IMPORT IT HERE
       latchkey import /media/web1.bundle        or drop the files on the window
   Host keys say which host it is. One that is not known by its keys becomes a new host, called as it
   calls itself, or as you say:
       latchkey import --as vault.corp /media/web1.bundle
   Of a host that is known already, a bundle that its own key has not signed changes nothing. What it
   claims is kept beside what is known, if you name the host:
       latchkey import --approve-unverified web1 /media/web1.bundle
   With --require-signature only a bundle is taken that somebody of your rosters has signed, or a key
   that you name with --signer FILE.
   Everything is dated when it was collected, by the host's own clock: see that it is right. From more
   than five minutes in the future nothing is taken.
   The same bundle twice changes nothing. One that is older than what is known, cut or altered is
   refused, and nothing of it is kept.

WHAT IS IN A BUNDLE
   Host name, operating system and versions; accounts, groups and shells; of each password its class
   alone (set, locked, none); the settings of sshd; authorized_keys files, whole; the public halves of
   host keys and of private keys, with the paths, owners and modes of the latter; certificates; rules of
   sudo and doas; known_hosts, and what ssh_config says of hosts; sums of logins by key from the logs.
   That tells an attacker the way in: keep it as you keep a list of your hosts, and wipe the medium.

WHAT IS NOT
   No private key. No password and no password hash. No content of other files.
`;

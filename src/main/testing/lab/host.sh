#!/bin/sh
# A real Linux host on a loopback address, made from this machine's own root in about 0.3 s.
#
#   setpriv --pdeathsig KILL unshare --mount --pid --uts --fork --kill-child \
#       sh host.sh NAME ADDRESS DIR [SSHD_OPTION...]
#
# NAME         the host name it reports
# ADDRESS      where its sshd listens, on port 22: one loopback address a host
# DIR          a scratch folder: DIR/prepare.sh, when there is one, runs inside the host before sshd does;
#              what the host writes lands in DIR/up
# SSHD_OPTION  passed on, such as -o PerSourcePenalties=no
# RSA_KEY      in the environment: a file that keeps the RSA host key, for the next host that is given the same; made here
#              where it is not there yet
# KEEPS        in the environment: server programs whose configuration on this machine the host keeps, such as
#              "apache2 postfix"; of the others it has none
#
# Each host has its own users, files, host keys, process tree and auth.log. The network, the clock and
# the machine-id are the machine's. Needs root, openssh-server and busybox. It ends with SIGKILL to the
# unshare process, or with that one's parent: the host's processes and mounts go with it.
[ $$ -eq 1 ] || { echo 'run this under unshare, as its first lines say' >&2; exit 2; }
set -eu
# A root that came by su has a PATH without these, where chroot is.
PATH=$PATH:/usr/sbin:/sbin
name=$1 address=$2 dir=$3
shift 3

mount --make-rprivate /
mkdir -p "$dir/up" "$dir/work" "$dir/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$dir/up,workdir=$dir/work" "$dir/root"
cd "$dir/root"

mount -t proc proc proc
for folder in run tmp dev root var/log; do
	mkdir -p "$folder"
	mount -t tmpfs -o mode=755 tmpfs "$folder"
done
chmod 1777 tmp
chmod 700 root
for node in null zero full random urandom tty; do
	: > "dev/$node"
	mount --bind "/dev/$node" "dev/$node"
done
mkdir -p dev/pts dev/shm run/sshd
mount -t devpts devpts dev/pts -o newinstance,ptmxmode=0666
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd

# Whatever this machine's packages have made for themselves is no part of a host, whichever are installed.
none='etc/ssl/private etc/ssl/certs/ssl-cert-snakeoil.pem'
for server in apache2 haproxy postfix dovecot ldap postgresql mysql proftpd prosody inspircd news xrdp; do
	case " ${KEEPS-} " in *" $server "*) ;; *) none="$none etc/$server" ;; esac
done
# Nor are the programs that PAM starts for a message of the day at each login, which take a tenth of it.
rm -rf $none etc/update-motd.d/*

hostname "$name"
echo "$name" > etc/hostname
rm -f etc/ssh/ssh_host_*
# Of those that `ssh-keygen -A` makes, with an RSA key that is found in a quarter of the time, and once.
if [ -e "$RSA_KEY" ]; then
	install -m 600 "$RSA_KEY" etc/ssh/ssh_host_rsa_key
	chroot . ssh-keygen -q -c -P '' -C "root@$name" -f /etc/ssh/ssh_host_rsa_key >/dev/null
	echo "$(chroot . ssh-keygen -y -f /etc/ssh/ssh_host_rsa_key | cut -d' ' -f1,2) root@$name" >etc/ssh/ssh_host_rsa_key.pub
else
	chroot . ssh-keygen -q -t rsa -b 2048 -N '' -C "root@$name" -f /etc/ssh/ssh_host_rsa_key
	install -m 600 etc/ssh/ssh_host_rsa_key "$RSA_KEY.$name" && mv "$RSA_KEY.$name" "$RSA_KEY"
fi
for type in ecdsa ed25519; do
	chroot . ssh-keygen -q -t $type -N '' -C "root@$name" -f "/etc/ssh/ssh_host_${type}_key"
done
if [ -e "$dir/prepare.sh" ]; then
	cp "$dir/prepare.sh" run/prepare.sh
	chroot . sh -eu /run/prepare.sh
	rm run/prepare.sh
fi
chroot . busybox syslogd -O /var/log/auth.log
exec chroot . /usr/sbin/sshd -D -o ListenAddress="$address" -o Port=22 "$@"

# Kubernetes: kubeconfigs, and manifests with Secrets.

# Kubeconfigs and manifests with Secrets where clusters and people keep them, and the files that they name.
read_kubernetes() {
	may_hang /etc certificate-file ||
		list_kubernetes /etc/kubernetes/*.conf /etc/kubernetes/*.kubeconfig \
			/etc/rancher/*/*.yaml /etc/rancher/*/*.kubeconfig
	may_hang /var/lib certificate-file ||
		list_kubernetes /var/lib/kubelet/kubeconfig /var/lib/rancher/*/agent/*.kubeconfig \
			/var/lib/rancher/*/server/cred/*.kubeconfig /var/lib/rancher/*/server/manifests/*.yaml
	set -f
	met=0
	IFS=$nl
	for home in $homes; do
		unset IFS
		met=$((met + 1))
		if [ $((met % 1024)) = 0 ] && is_late; then unread limit "$home" too-late; return; fi
		if is_silent "$home"; then :
		elif leads_to_silence "$home/.kube"; then unread certificate-file "$home/.kube" no-answer
		elif [ -d "$home/.kube" ]; then
			set +f
			list_kubernetes "$home"/.kube/config "$home"/.kube/*.conf "$home"/.kube/*.yaml "$home"/.kube/*.yml
		fi
		IFS=$nl
	done
	unset IFS
}

list_kubernetes() {
	set -f
	for file do
		if ! leads_to_silence "$file" && [ ! -f "$file" ]; then continue; fi
		if is_late; then unread limit "$file" too-late; return; fi
		take_kubernetes "$file"
	done
}

# The certificates that a kubeconfig or Secret holds, and those that it names; of a private key the public one.
take_kubernetes() {
	# One that another names is no certificate of its.
	[ -z "$kubernetes_file" ] || return
	case $seen_certificates in *"$nl$1$nl"*) return ;; esac
	seen_certificates=$seen_certificates$1$nl
	if leads_to_silence "$1"; then unread certificate-file "$1" no-answer; return; fi
	[ -f "$1" ] || return
	resolve "$1"
	case $real in '' | /proc/* | /sys/* | /dev/*) return ;; esac
	if [ ! -r "$1" ]; then unread certificate-file "$1" not-permitted; return; fi
	if ! hold "$1"; then leave_certificates "$1"; return; fi
	parts=$(take "$1" | kubernetes_parts names)
	IFS=$nl
	set -- "$1" $parts
	unset IFS
	kubernetes_file=$1 kubernetes_held=$held_path kubernetes_content=$held
	# Whoever can write it names no files but those that they can read.
	[ -z "$held_path" ] || work_as "$rights_uid" "$rights_gid" "$rights_name"
	shift
	for part do
		held_path=$kubernetes_held held=$kubernetes_content
		case $part in
			certificates)
				encode "$kubernetes_file"
				take "$kubernetes_file" | kubernetes_parts certificates | pem_certificates "$token"
				;;
			key)
				key_form=kubernetes
				read_key_file "$kubernetes_file"
				key_form=plain
				;;
			keys) unread key-file "$kubernetes_file" more-keys ;;
			cut) unread certificate-file "$kubernetes_file" too-large ;;
			'file /'*) take_certificates "${part#file }" ;;
			'file '*) take_certificates "${kubernetes_file%/*}/${part#file }" ;;
		esac
	done
	kubernetes_file=
	work_as
}

# Of a kubeconfig or Secret, as YAML or JSON, what is PEM, in clear or as base64: "certificates" prints certificates
# alone and "key" the first private key; "names" says what there is, and which files it names.
kubernetes_parts() {
	awk -v want=$1 -v most=$MIB "$kubernetes_parts_awk"
}

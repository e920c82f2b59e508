# Executes the part of a plan that is about one host, there, run by whoever has copied this script to it. It follows
# the session library and the data of the plan (functions each_file, with_pieces and format_refusal), and asks at its
# standard input whether the new key logs in: nobody else could tell. Run again after it was interrupted, it goes on
# from what it finds.
#
#   sh SCRIPT                 does it, and writes latchkey-result-TOKEN.txt into the folder where it is run; where
#                             others can write there, into the home of whoever runs it
#   sh SCRIPT --check         inspects, and changes nothing
#   sh SCRIPT --signer WHO    first sees whether WHO has signed it, in SCRIPT.sig, and does nothing otherwise: a
#                             fingerprint (SHA256:...), a .pub file or a file of allowed signers
#   sh SCRIPT --sign KEY      signs the result with this key
#   sh SCRIPT --now           removes old lines before the grace period is over
#   sh SCRIPT --rollback      removes again what a script that does nothing but add lines has added
#   sh SCRIPT --unverified-host      goes on where nothing can show that this is the host that it is for; its result is
#                                    a claim
#                             until somebody who is known has signed it
#   sh SCRIPT --unchecked-signature  goes on where the host's ssh-keygen cannot check who has signed it

run_script() {
	session_prepare
	read_options "$@"
	choose_folder
	nonce=offline seq=0 by_root=no began=$(date +%s) outcome=failed why= left= late= kept= at_phase= is_rolled_back=no
	left_out= unended= first_left=
	put_line "plan $offline_plan for $offline_host"
	[ -z "$offline_notice" ] || put_line "$offline_notice"
	check_signature
	check_host
	check_day
	inspect_all
	if [ -n "$why" ]; then
		put_line "nothing was changed: $why" >&2
		[ -z "$kept" ] || outcome=needs-attention
		describe_files
		finish
		exit 1
	fi
	if [ -n "$is_check" ]; then put_line "nothing${left_out:+ else} is in the way; nothing was changed"; exit 0; fi
	if [ -n "$rolls_back" ]; then roll_back
	elif [ "$all_done" = yes ]; then at_phase=${offline_phases##* }; else do_phases; fi
	[ -n "$why$rolls_back" ] || case " $offline_phases " in *' finish '*) outcome=committed ;; *) outcome='done' ;; esac
	end_all
	finish
	[ -z "$private_key_path" ] || forget_key
	case $rolls_back$outcome in committed | 'done' | yesrolled-back) ;; *) exit 1 ;; esac
}

read_options() {
	is_check= signer= sign_key= is_now= rolls_back= unverified_host= unchecked_signature=
	while [ $# -gt 0 ]; do
		case $1 in
			--check) is_check=yes ;;
			--now) is_now=yes ;;
			--rollback) rolls_back=yes ;;
			--unverified-host) unverified_host=yes ;;
			--unchecked-signature) unchecked_signature=yes ;;
			--signer) signer=${2:?WHO is missing}; shift ;;
			--sign) sign_key=${2:?KEY is missing}; shift ;;
			*)
				put_line "usage: sh $0 [--check] [--signer SHA256:...|FILE] [--sign KEY] [--now] [--rollback]\
 [--unverified-host] [--unchecked-signature]" >&2
				exit 2
				;;
		esac
		shift
	done
	case $rolls_back$offline_phases in
		yesgrant) ;;
		yes*)
			put_line "nothing was done: --rollback is for a script that adds lines and does nothing else\
 (this one: $offline_phases)" >&2
			exit 2
			;;
	esac
}

# By the clock of this host.
check_day() {
	[ "$offline_not_before" -gt "$(date +%s)" ] || return 0
	early="the grace period ends at $offline_not_before_text: run it after that, or with --now"
	[ -n "$is_now" ] || [ -n "$is_check" ] || refuse_script "$early"
	[ -z "$is_check" ] || put_line "$early"
}

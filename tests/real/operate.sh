# operate.sh - one operation, carried out on a node: `ssh NODE sh -s`, this file on standard input behind two
# lines or more that say what to do:
#
#     set -- VERB KEY ARGUMENT...     KEY is OWNER:EPOCH as the lock has it; the words need no quoting, the
#                                     sender has looked at each
#     data() { cat <<'=end'           what is long: XML, progress, a report; no line of it begins with =
#     ...
#     =end
#     }
#
# Prints `update NAME OUTCOME RESTART ERROR` for each update, XML where a lock is asked for, and last
# `= CODE [ERROR]`, CODE being the name of a result code. No last line: nobody knows what happened.
# Each effect compares KEY with the lock where it happens: in the write itself, or here, on the node.
# POSIX sh, nothing needed but Pacemaker and coreutils.
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
verb=$1 key=$2
shift 2
config='/configuration/crm_config/cluster_property_set'
demo=/var/lib/caucus-demo-1

answer() { # CODE [ERROR]
    echo "= $*"
    exit 0
}
store() { # the crm_config of a partition with quorum
    cibadmin -Q --xpath "/cib[@have-quorum='1']/configuration/crm_config" 2>/dev/null
}
write() { # XPATH: the data, if the XPATH finds a place
    data | timeout 30 cibadmin --modify --xpath "$1" --xml-pipe >/dev/null 2>&1
}
unlocked() { # after a write that was refused: was it the lock?
    store | grep -q "name=\"caucus-lock\" value=\"$key:" || answer STALE
    answer FAILED "$1"
}
held() { # the lock as this node knows it
    value=$(timeout 10 cibadmin -Q -l --xpath "//nvpair[@id='caucus-lock-value']" 2>/dev/null)
    case $? in 0) ;; 105) answer STALE ;; *) answer UNKNOWN ;; esac
    case $value in *" value=\"$key:"*) ;; *) answer STALE ;; esac
}
busy() { # NAME: until this script ends; a restart takes it away as well
    mkdir -p /run/caucus
    echo "$1 $key" >/run/caucus/operation
    trap 'rm -f /run/caucus/operation' EXIT
}
guard="/cib[@have-quorum='1']/configuration[crm_config/cluster_property_set[@id='caucus-lock']/nvpair[starts-with(@value,'$key:')]]"

back_home() { # RESOURCE...: wait until they run here, then take the constraints away, whatever came of it
    limit=$(($(date +%s) + 20))
    for resource; do
        until timeout 5 crm_resource -W -r "$resource" 2>/dev/null | grep -qw "on: $node"; do
            [ "$(date +%s)" -lt $limit ] || break
            sleep 0.2
        done
    done
    for resource; do
        cibadmin --delete --xpath "$guard/constraints/rsc_location[@id='caucus-back-$resource']" >/dev/null 2>&1
    done
}

case $verb in
    lock-read)
        store && answer OK
        [ $? = 105 ] && answer NO_QUORUM
        answer UNKNOWN
        ;;
    lock-write) # what must be there, - for nothing
        there="/cib[@have-quorum='1']/configuration/crm_config"
        if [ "$1" = - ]; then
            there="$there[not(cluster_property_set[@id='caucus-lock'])]"
        else
            there="$there[cluster_property_set[@id='caucus-lock']/nvpair[@id='caucus-lock-value'][@value='$1']]"
        fi
        write "$there"
        case $? in 0) answer OK ;; 105) ;; *) answer UNKNOWN ;; esac
        store && answer REFUSED
        [ $? = 105 ] && answer NO_QUORUM
        answer UNKNOWN
        ;;
    suspend) # NODE
        write "$guard[nodes/node[@uname='$1']]"
        rc=$?
        case $rc in 0) answer OK ;; 105) unlocked $rc ;; *) answer UNKNOWN ;; esac
        ;;
    resume) # NODE RESOURCE...: these ran there before
        node=$1
        shift
        write "$guard[nodes/node[@uname='$node']]"
        rc=$?
        case $rc in 0) ;; 105) unlocked $rc ;; 124) answer UNKNOWN ;; *) answer FAILED $rc ;; esac
        [ $# = 0 ] || back_home "$@"
        answer OK
        ;;
    restart) # BOOT-ID
        held
        [ "$(tr -d - </proc/sys/kernel/random/boot_id | cut -c 1-16)" = "$1" ] || answer OK # it was done
        mkdir -p /run/caucus
        echo "restart $key" >/run/caucus/operation
        systemctl reboot || answer FAILED $?
        answer OK
        ;;
    scan)
        held
        [ -e $demo ] || echo "update demo-1 offered 1 0"
        answer OK
        ;;
    stage)
        held
        echo "update demo-1 succeeded 1 0"
        answer OK
        ;;
    install)
        held
        busy install
        touch $demo /run/reboot-required || answer FAILED $?
        echo "update demo-1 succeeded 1 0"
        answer OK
        ;;
    script) # pre|post
        held
        busy "$1"
        echo "$1 $key" >>/var/lib/caucus-scripts || answer FAILED $?
        answer OK
        ;;
    report)
        mkdir -p /var/lib/caucus/reports && data >"/var/lib/caucus/reports/$key.json" && answer OK
        answer FAILED 1
        ;;
    ack)
        write "/cib[@have-quorum='1']$config[@id='caucus-request']" && answer OK
        answer FAILED 1
        ;;
esac

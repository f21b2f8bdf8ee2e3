# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Reads the command line: sets LAB_VERB, LAB_WORDS and the LAB_* that verbs read; a wrong call ends here.

LAB_NAME=lab LAB_NAMED='' LAB_ALL='' LAB_TTY='' LAB_MEMORY=6144 LAB_DOM0_MEMORY='' LAB_VCPUS=1 LAB_CLOCK=wall LAB_INSTALL='' LAB_FOLDERS=() LAB_BOOT='' LAB_JOURNAL=''
LAB_SCRATCH=8192 LAB_DEADLINE=300 LAB_TB_SIZE=2047
LAB_MACHINE='' LAB_SAVING='' LAB_OWN_DISKS=()

lab_options() {
  [ $# -gt 0 ] || lab_usage_error 'A verb is missing'
  LAB_VERB=$1
  shift
  case $LAB_VERB in
    -h | --help | help)
      lab_help
      exit 0
      ;;
    build | up | down | cut | status | exec | cp | console | logs) ;;
    *) lab_usage_error "Unknown verb: $LAB_VERB" ;;
  esac

  LAB_WORDS=()
  while [ $# -gt 0 ]; do
    case $1 in
      --name | --memory | --dom0-memory | --vcpus | --clock | --install | --disk | --scratch | --deadline)
        [ $# -gt 1 ] || lab_usage_error "Option $1 needs a value"
        [ "$1" = --name ] || [ "$LAB_VERB" = up ] || lab_usage_error "Option $1 belongs to up"
        ;;
    esac
    case $1 in
      -h | --help)
        lab_help
        exit 0
        ;;
      --name)
        lab_label "$1" "$2"
        LAB_NAME=$2 LAB_NAMED=yes
        shift
        ;;
      --memory)
        lab_number "$1" "$2" 1024 65536
        LAB_MEMORY=$2
        shift
        ;;
      --dom0-memory)
        lab_number "$1" "$2" 512 65536
        LAB_DOM0_MEMORY=$2
        shift
        ;;
      --vcpus)
        lab_number "$1" "$2" 1 16
        LAB_VCPUS=$2
        shift
        ;;
      --clock)
        case $2 in
          wall | instructions) LAB_CLOCK=$2 ;;
          *) lab_usage_error "Option --clock needs wall or instructions: \"$2\" is neither" ;;
        esac
        shift
        ;;
      --install)
        case $2 in
          *.deb) [ -f "$2" ] || lab_usage_error "Option --install needs a package: \"$2\" is not there" ;;
          *) [ -d "$2" ] || lab_usage_error "Option --install needs a package (.deb) or a folder: \"$2\" is neither" ;;
        esac
        LAB_INSTALL=$2
        shift
        ;;
      --disk)
        case $2 in
          *=*) lab_label --disk "${2%%=*}" ;;
          *) lab_usage_error "Option --disk needs LABEL=DIR: \"$2\" is not" ;;
        esac
        [ -d "${2#*=}" ] || lab_usage_error "Option --disk needs a folder: \"${2#*=}\" is none"
        LAB_FOLDERS+=("$2")
        shift
        ;;
      --scratch)
        lab_number "$1" "$2" 64 1048576
        LAB_SCRATCH=$2
        shift
        ;;
      --deadline)
        lab_number "$1" "$2" 1 86400
        LAB_DEADLINE=$2
        shift
        ;;
      --all)
        [ "$LAB_VERB" = down ] || lab_usage_error 'Option --all belongs to down'
        LAB_ALL=yes
        ;;
      --boot)
        [ "$LAB_VERB" = up ] || lab_usage_error 'Option --boot belongs to up'
        LAB_BOOT=yes
        ;;
      --journal)
        [ "$LAB_VERB" = up ] || lab_usage_error 'Option --journal belongs to up'
        LAB_JOURNAL=journal
        ;;
      -t)
        [ "$LAB_VERB" = exec ] || lab_usage_error 'Option -t belongs to exec'
        LAB_TTY=yes
        ;;
      --)
        shift
        LAB_WORDS+=("$@")
        break
        ;;
      -*) lab_usage_error "Unknown option: $1" ;;
      *)
        LAB_WORDS+=("$1")
        # Everything after the command belongs to the command.
        if [ "$LAB_VERB" = exec ]; then
          shift
          LAB_WORDS+=("$@")
          break
        fi
        ;;
    esac
    shift
  done
}

# lab_number OPTION VALUE MIN MAX
lab_number() {
  case $2 in
    '' | *[!0-9]* | 0?* | ????????*) lab_usage_error "Option $1 needs a number from $3 to $4: \"$2\" is none" ;;
  esac
  { [ "$2" -ge "$3" ] && [ "$2" -le "$4" ]; } || lab_usage_error "Option $1 needs a number from $3 to $4: $2 is not"
}

lab_label() {
  case $2 in
    '' | *[!a-z0-9-]* | -* | ?????????????????*) lab_usage_error "Option $1 needs 1 to 16 of a-z, 0-9 and -: \"$2\" is wrong" ;;
  esac
}

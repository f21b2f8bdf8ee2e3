# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Which Debian mirror, keyring and suite does this machine use? Asked from apt, so that no host name stands in any file, and limited to
# Debian's own archives, so that local or third-party sources do not get into the image.

lab_debian_sources() {
  local sources
  sources=$(apt-get indextargets --format '$(IDENTIFIER)|$(ORIGIN)|$(SIGNED_BY)|$(SITE)|$(RELEASE)|$(COMPONENT)' |
    awk -F'|' '$1 == "Packages" && $2 == "Debian" { print "deb" ($3 == "" ? "" : " [signed-by=" $3 "]"), $4, $5, $6 }' | sort -u)
  [ -n "$sources" ] || die 'Cannot find a Debian archive among the sources of apt: run apt-get update'
  printf '%s\n' "$sources"
}

lab_debian_suite() {
  # shellcheck source=/dev/null
  (. /etc/os-release && printf '%s\n' "$VERSION_CODENAME")
}

# How this machine reaches its mirror (proxy, retries) and how strict it is about dates holds for the image as well.
lab_apt_options() {
  apt-config dump | grep -E '^Acquire::(Check-|https?::|Retries )' || true
}

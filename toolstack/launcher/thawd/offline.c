// SPDX-License-Identifier: Apache-2.0
/* Handles an unreachable thawd: runs help, version, completion, config and doctor in Node.js, else prints why thawd
 * cannot be reached. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "main/launcher.h"

static bool is_one_of(const char *word, const char *const *words) {
  for (; *words != NULL; words++) {
    if (strcmp(word, *words) == 0)
      return true;
  }
  return false;
}

/* `thaw`, `thaw help`, `thaw --version`, `thaw run --help` and the like: true for commands that need no thawd. */
bool works_offline(int argc, char **argv) {
  static const char *const first[] = {"doctor", "config",    "completion", "--get-yargs-completions", "help", "--help",
                                      "-h",     "--version", NULL};
  static const char *const second[] = {"--help", "-h", NULL};
  /* The first words of commands of two words; test/launcher compares them with the command table. */
  static const char *const nouns[] = {"container", "healthcheck", "image",  "network", "pod",
                                      "policy",    "system",      "volume", NULL};

  return argc < 2 || is_one_of(argv[1], first) || (argc > 2 && is_one_of(argv[2], second)) ||
         (argc > 3 && is_one_of(argv[1], nouns) && is_one_of(argv[3], second));
}

/* Sets path to …/lib/thaw of …/lib/thaw/bin/thaw, whichever link the caller used; false on an unexpected path. */
static bool library_folder(char *path, size_t size) {
  ssize_t n = readlink("/proc/self/exe", path, size - 1);

  if (n < 0)
    return false;
  path[n] = '\0';
  for (int i = 0; i < 2; i++) {
    char *slash = strrchr(path, '/');

    if (slash == NULL)
      return false;
    *slash = '\0';
  }
  return true;
}

static void run_offline(int argc, char **argv) {
  char folder[PATH_MAX], script[PATH_MAX + 40];
  char *args[argc + 2];

  if (!library_folder(folder, sizeof folder))
    return;
  snprintf(script, sizeof script, "%s/dist/toolstack/cli/offline.js", folder);
  if (access(script, R_OK) != 0)
    return;
  args[0] = "node";
  args[1] = script;
  for (int i = 1; i <= argc; i++)
    args[i + 1] = argv[i];
  execvp("node", args);
  say("Cannot run node: %s; install Node.js 20 or later", strerror(errno));
}

int offline(int argc, char **argv, const char *socket_path, int error) {
  if (works_offline(argc, argv))
    run_offline(argc, argv);
  if (error == ECONNRESET)
    say(LOST_THAWD);
  else if (error == ETIMEDOUT)
    say("Cannot reach thawd at %s: it is starting, or stuck, and does not take the command; see its log", socket_path);
  else if (error == ENOENT || error == ECONNREFUSED)
    say("Cannot reach thawd at %s: it is not running; start it with: systemctl start thawd (or: thawd &)", socket_path);
  else if (error == EACCES || error == EPERM)
    say("Cannot reach thawd at %s: permission denied; run thaw as root or as a member of the socket's group",
        socket_path);
  else
    say("Cannot reach thawd at %s: %s", socket_path, strerror(error));
  return EXIT_TOOLSTACK;
}

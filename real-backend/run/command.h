/* The commands of a real run, and what their command lines have in common. Private to this folder.
 *
 * One table gives a command its flags, the option table (core/cli/options.h) its options; a profile
 * comes first, the command line over it. */
#ifndef RUN_COMMAND_H
#define RUN_COMMAND_H

#include "core/cli/options.h"
#include "core/cli/terminal.h"
#include "real-backend/real.h"

#include <stdbool.h>
#include <stdint.h>

enum run_which {
    RUN_RUN = 1u << 0,
    RUN_SCAN = 1u << 1,
    RUN_STATUS = 1u << 2,
    RUN_ASK = 1u << 3, /* stop, pause, continue */
    RUN_RECOVER = 1u << 4,
    RUN_LOCK = 1u << 5,
    RUN_ANY = 63u,
};

struct run_request;

struct run_command {
    const char *name;
    uint8_t which;
    uint8_t words; /* before CLUSTER: of `lock` one */
    int (*run)(struct run_request *request);
    const char *usage; /* after "usage: caucus " */
    const char *what;
};

/* One option as the command line has it. */
struct run_setting {
    const struct cau_option *option;
    const char *text;
};

#define RUN_SETTINGS_MAX 256

struct run_request {
    const struct run_command *command;
    const char *cluster; /* CLUSTER, or NULL */
    const char *word;    /* of `lock`: show, take, release */
    const char *profile, *out, *resume_dir;
    bool json, progress, quiet, resume, take_over, when_expired, if_any, clusterless, help;
    struct cau_options options; /* defaults, profile, command line */
    struct run_setting settings[RUN_SETTINGS_MAX];
    size_t setting_count;
    int argc;
    char **argv;                   /* argv[0] is the command */
    char **rest;                   /* what stands after "--", NULL-ended; or NULL */
    struct cau_terminal *terminal; /* with a view, which is taken away before anything is said */
};

/* Reads the command line and the profile. Returns 0, or an exit code after a sentence.
 * run_request_done is due in any case. */
int run_request_read(struct run_request *ret, const struct run_command *command, int argc,
                     char **argv);
void run_request_done(struct run_request *request);

/* The flags of a command, one line each. */
void run_request_help(const struct run_command *command);

/* Reaches the cluster and looks at it once. Returns 0 (both to be ended by the caller), or an exit
 * code after a sentence. */
int run_reach(const struct run_request *request, struct real_cluster *ret_cluster,
              struct real_answer *ret_answer);

/* Says a sentence in the command's name, as cau_say and cau_say_why do. */
void run_say(const struct run_request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int run_say_why(const struct run_request *request, char *why, int code);

/* "USER@HOST", for whoever reads who it was; malloc'd. */
char *run_who(void);

cau_msec run_now(void);

/* Who took the lock by hand, and why, as a text; NULL: nobody did. malloc'd. */
char *run_lock_by(const struct picture *picture);

int run_cmd_run(struct run_request *request);
/* `run --suspend-node`, `run --resume-node`: no run at all. */
int run_cmd_leave_out(struct run_request *request);
int run_cmd_scan(struct run_request *request);
int run_cmd_status(struct run_request *request);
int run_cmd_ask(struct run_request *request);
int run_cmd_lock(struct run_request *request);

#endif

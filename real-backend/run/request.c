/* Command lines: see command.h. */
#include "core/cli/talk.h"
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "real-backend/run/command.h"
#include "real-backend/run/discover.h"
#include "scenarios/profile.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum flag_kind { FLAG_TRUTH, FLAG_TEXT, FLAG_MAYBE, FLAG_FORMAT, FLAG_BACKEND, FLAG_SET };

struct flag {
    const char *name;
    uint8_t kind;
    uint8_t which; /* of enum run_which */
    size_t offset; /* in struct run_request; MAYBE: of the bool, its text is resume_dir */
    const char *value, *what;
};

#define AT(member) offsetof(struct run_request, member)

static const struct flag flags[] = {
    {"--profile", FLAG_TEXT, RUN_RUN | RUN_SCAN, AT(profile), "FILE",
     "options from a JSON file; the command line overrides them"},
    {"--set", FLAG_SET, RUN_RUN | RUN_SCAN, 0, "policy.NAME=VALUE", "the same as --NAME VALUE"},
    {"--out", FLAG_TEXT, RUN_RUN | RUN_RECOVER, AT(out), "DIR",
     "the run directory; otherwise a new one among the runs of this host"},
    {"--resume", FLAG_MAYBE, RUN_RUN, AT(resume), "[DIR]",
     "go on with a run of this host that was cut short: the newest, or DIR"},
    {"--take-over", FLAG_TRUTH, RUN_RUN, AT(take_over), NULL,
     "go on with the run of a coordinator elsewhere that is gone, at once"},
    {"--when-expired", FLAG_TRUTH, RUN_RUN, AT(when_expired), NULL,
     "the same, once its lock has been silent for an hour"},
    {"--if-any", FLAG_TRUTH, RUN_RUN, AT(if_any), NULL,
     "with --resume: it is no error that there is none"},
    {"--format", FLAG_FORMAT, RUN_ANY & ~(unsigned)RUN_ASK, AT(json), "text|json",
     "what stdout gets"},
    {"--progress", FLAG_TRUTH, RUN_RUN | RUN_RECOVER, AT(progress), NULL,
     "a line on stderr for each state, in place of a terminal's live view"},
    {"--quiet", FLAG_TRUTH, RUN_STATUS | RUN_LOCK, AT(quiet), NULL, "only the exit code"},
    {"--backend", FLAG_BACKEND, RUN_ANY, AT(clusterless), "pacemaker|local",
     "local: one machine without Pacemaker"},
};

#define FLAGS (sizeof flags / sizeof flags[0])

/* Options that other commands than `run` take. */
static const struct {
    const char *option;
    uint8_t which;
} others[] = {
    {"credential", RUN_ANY},
    {"cluster_name", RUN_ANY},
    {"reason", RUN_LOCK},
    {"force", RUN_LOCK},
    {"cau_plugin_name", RUN_SCAN},
    {"cau_plugin_arguments", RUN_SCAN},
    {"nodes", RUN_SCAN},
    {"exclude", RUN_SCAN},
    {"scan_limit", RUN_SCAN},
    {"run_plugins_serially", RUN_SCAN},
    {"skip_update_checks", RUN_SCAN},
    {"stop_on_plugin_failure", RUN_SCAN},
};

static void hide_view(const struct run_request *request)
{
    if (request->terminal != NULL) {
        cau_terminal_clear(request->terminal);
    }
}

void run_say(const struct run_request *request, const char *format, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) {
        text = NULL;
    }
    va_end(args);
    hide_view(request);
    cau_say(request->command->name, "%s", text != NULL ? text : "out of memory");
    free(text);
}

int run_say_why(const struct run_request *request, char *why, int code)
{
    hide_view(request);
    return cau_say_why(request->command->name, why, code);
}

char *run_who(void)
{
    char host[256] = "";
    const struct passwd *user = getpwuid(geteuid());
    gethostname(host, sizeof host - 1);
    return user != NULL ? cau_sentence("%s@%s", user->pw_name, host)
                        : cau_sentence("%ld@%s", (long)geteuid(), host);
}

cau_msec run_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (cau_msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool allowed(const struct run_command *command, const struct cau_option *option)
{
    if (command->which == RUN_RUN || command->which == RUN_RECOVER) {
        return true; /* which options go together is said by cau_options_check_sets */
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(others[i].option, option->name) == 0) {
            return (others[i].which & command->which) != 0;
        }
    }
    return false;
}

static int wrong(const struct run_request *request, const char *word, const char *what)
{
    run_say(request, "%s: %s", word, what);
    return CAU_EXIT_USAGE;
}

static int add_setting(struct run_request *request, const struct cau_option *option,
                       const char *text)
{
    if (option->type == CAU_OPTION_NAMES && *text == '\0') { /* a variable that was not set, say */
        return wrong(request, option->name, "must name at least one, is empty");
    }
    if (request->setting_count == RUN_SETTINGS_MAX) {
        return wrong(request, option->name, "more options than 256");
    }
    request->settings[request->setting_count++] = (struct run_setting){option, text};
    return 0;
}

/* "policy.NAME=VALUE" */
static int take_set(struct run_request *request, const char *text)
{
    const char *equals = strchr(text, '=');
    char name[64] = "";
    if (strncmp(text, "policy.", 7) != 0 || equals == NULL || equals - text >= 64) {
        return wrong(request, "--set", "must be policy.NAME=VALUE");
    }
    memcpy(name, text + 7, (size_t)(equals - text) - 7);
    const struct cau_option *option = cau_option_find(name);
    if (option == NULL) {
        char *why = cau_option_unknown("unknown option", name);
        int code = wrong(request, text, why != NULL ? why : "unknown option");
        free(why);
        return code;
    }
    if (!allowed(request->command, option)) {
        return wrong(request, text, "unknown option");
    }
    return add_setting(request, option, equals + 1);
}

/* One of two words as a truth. */
static int take_choice(struct run_request *request, const struct flag *flag, const char *text,
                       const char *no, const char *yes)
{
    bool *place = (bool *)((char *)request + flag->offset);
    *place = strcmp(text, yes) == 0;
    if (!*place && strcmp(text, no) != 0) {
        run_say(request, "%s: must be %s or %s, is %s", flag->name, no, yes, text);
        return CAU_EXIT_USAGE;
    }
    return 0;
}

static int take_flag(struct run_request *request, const struct flag *flag, const char *text)
{
    void *place = (char *)request + flag->offset;
    switch ((enum flag_kind)flag->kind) {
    case FLAG_TRUTH:
        *(bool *)place = true;
        return 0;
    case FLAG_MAYBE:
        *(bool *)place = true;
        request->resume_dir = text;
        return 0;
    case FLAG_TEXT:
        if (*text == '\0') {
            return wrong(request, flag->name, "must not be empty");
        }
        *(const char **)place = text;
        return 0;
    case FLAG_FORMAT:
        return take_choice(request, flag, text, "text", "json");
    case FLAG_BACKEND:
        return take_choice(request, flag, text, "pacemaker", "local");
    case FLAG_SET:
        return take_set(request, text);
    }
    return CAU_EXIT_INTERNAL;
}

static const struct flag *find_flag(const struct run_command *command, const char *name,
                                    size_t size)
{
    for (size_t i = 0; i < FLAGS; i++) {
        if (strlen(flags[i].name) == size && strncmp(flags[i].name, name, size) == 0 &&
            (flags[i].which & command->which) != 0) {
            return &flags[i];
        }
    }
    return NULL;
}

/* Takes argv[*at], which begins with a dash, and its value. */
static bool is_directory(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static int take_dashed(struct run_request *request, int *at)
{
    const char *word = request->argv[*at], *equals = strchr(word, '=');
    size_t size = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const struct flag *flag = find_flag(request->command, word, size);
    const struct cau_option *option = NULL;
    char name[64] = "";
    if (flag == NULL && strncmp(word, "--", 2) == 0 && size - 2 < sizeof name) {
        memcpy(name, word + 2, size - 2);
        option = cau_option_find_any(name);
    }
    if (flag == NULL && (option == NULL || !allowed(request->command, option))) {
        run_say(request, "%.*s: no such option; `caucus %s --help` lists all", (int)size, word,
                request->command->name);
        return CAU_EXIT_USAGE;
    }
    bool truth = flag != NULL
                     ? flag->kind == FLAG_TRUTH
                     : option->type == CAU_OPTION_SWITCH || option->type == CAU_OPTION_PAUSE;
    bool maybe = flag != NULL && flag->kind == FLAG_MAYBE;
    const char *next = request->argv[*at + 1], *value = equals != NULL ? equals + 1 : NULL;
    if (flag != NULL && truth && value != NULL) {
        run_say(request, "%.*s: takes no value", (int)size, word);
        return CAU_EXIT_USAGE;
    }
    bool value_next = next != NULL && next[0] != '-' &&
                      (request->cluster != NULL || is_directory(next)); /* no CLUSTER is one */
    if (maybe && value == NULL && value_next) {
        value = request->argv[++*at];
    } else if (!truth && !maybe && value == NULL) {
        if (next == NULL) {
            return wrong(request, word, "its value is missing");
        }
        value = request->argv[++*at];
    }
    return flag != NULL ? take_flag(request, flag, value)
                        : add_setting(request, option, value != NULL ? value : "true");
}

static int take_word(struct run_request *request, const char *word)
{
    if (request->command->words > 0 && request->word == NULL) {
        request->word = word;
    } else if (request->cluster == NULL) {
        request->cluster = word;
    } else {
        run_say(request, "%s: one cluster only, and %s is one", word, request->cluster);
        return CAU_EXIT_USAGE;
    }
    return 0;
}

static int take_words(struct run_request *request)
{
    for (int i = 1; i < request->argc; i++) {
        char *word = request->argv[i];
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            request->help = true;
            return 0;
        }
        if (strcmp(word, "--") == 0 && request->command->which == RUN_LOCK) {
            request->rest = &request->argv[i + 1];
            break;
        }
        int code = word[0] == '-' ? take_dashed(request, &i) : take_word(request, word);
        if (code != 0) {
            return code;
        }
    }
    if (request->cluster == NULL && !request->resume) {
        run_say(request, "which cluster? `caucus %s --help` says more", request->command->name);
        return CAU_EXIT_USAGE;
    }
    return 0;
}

/* The profile, and over it the command line. */
static int take_options(struct run_request *request)
{
    struct cau_options *options = &request->options;
    char *why = NULL;
    if (request->profile != NULL && scenario_profile_read(request->profile, options, &why) != 0) {
        return run_say_why(request, why, CAU_EXIT_INPUT);
    }
    options->given = 0;
    if (request->command->which == RUN_RECOVER) {
        const struct cau_option *option = cau_option_find("force_recovery");
        if (cau_option_set_text(options, option, "true", &why) != 0) {
            return run_say_why(request, why, CAU_EXIT_INTERNAL);
        }
    }
    for (size_t i = 0; i < request->setting_count; i++) {
        const struct run_setting *setting = &request->settings[i];
        if (cau_option_set_text(options, setting->option, setting->text, &why) != 0) {
            return run_say_why(request, why, CAU_EXIT_USAGE);
        }
    }
    if (cau_options_check_sets(options, &why) != 0) {
        return run_say_why(request, why, CAU_EXIT_USAGE);
    }
    if (cau_options_resolve(options, &why) != 0) {
        return run_say_why(request, why, CAU_EXIT_USAGE);
    }
    return 0;
}

/* Flags that do not go together. */
static int check_flags(const struct run_request *request)
{
    bool options = request->profile != NULL || request->options.given != 0;
    const struct cau_option *force = cau_option_find("force");
    const struct cau_option *confirm = cau_option_find("confirm");
    const struct cau_option *credential = cau_option_find("credential");
    uint64_t harmless = UINT64_C(1) << (force - cau_option_table) |
                        UINT64_C(1) << (confirm - cau_option_table) |
                        UINT64_C(1) << (credential - cau_option_table);
    bool other = request->profile != NULL || (request->options.given & ~harmless) != 0;
    if (request->resume && options && other) {
        return wrong(request, "--resume", "goes on with the options of that run; give none");
    }
    if (request->resume && (request->take_over || request->when_expired)) {
        return wrong(request, "--resume", "does not go with --take-over or --when-expired");
    }
    const struct cau_options *given = &request->options;
    if ((request->take_over || request->when_expired) &&
        (given->only_node_count > 0 || given->exclude_count > 0)) {
        return wrong(request, request->take_over ? "--take-over" : "--when-expired",
                     "goes on with the nodes of that run: give neither --nodes nor --exclude");
    }
    if ((request->take_over || request->when_expired) && given->what_if) {
        return wrong(request, request->take_over ? "--take-over" : "--when-expired",
                     "does not go with --what-if, which takes nothing over");
    }
    if (request->take_over && request->when_expired) {
        return wrong(request, "--take-over", "does not go with --when-expired");
    }
    if (request->resume && request->out != NULL) {
        return wrong(request, "--out", "does not go with --resume: the run has its directory");
    }
    if (request->if_any && !request->resume) {
        return wrong(request, "--if-any", "goes with --resume only");
    }
    return 0;
}

int run_request_read(struct run_request *ret, const struct run_command *command, int argc,
                     char **argv)
{
    *ret = (struct run_request){.command = command, .argc = argc, .argv = argv};
    if (cau_options_init(&ret->options) != 0) {
        return run_say_why(ret, NULL, CAU_EXIT_INTERNAL);
    }
    int code = take_words(ret);
    if (code == 0 && !ret->help) {
        code = take_options(ret);
    }
    return code == 0 && !ret->help ? check_flags(ret) : code;
}

void run_request_done(struct run_request *request)
{
    cau_options_done(&request->options);
}

void run_request_help(const struct run_command *command)
{
    for (size_t i = 0; i < FLAGS; i++) {
        const struct flag *flag = &flags[i];
        if ((flag->which & command->which) != 0) {
            int width = printf("  %s%s%s", flag->name, flag->value != NULL ? " " : "",
                               flag->value != NULL ? flag->value : "");
            printf("%*s%s\n", width < 27 ? 27 - width : 1, "", flag->what);
        }
    }
}

int run_reach(const struct run_request *request, struct real_cluster *ret_cluster,
              struct real_answer *ret_answer)
{
    char *why = NULL;
    int code = real_cluster_init(ret_cluster, request->cluster, request->options.credential,
                                 request->clusterless, &why);
    if (code != 0) {
        return run_say_why(request, why, code);
    }
    code = real_ask_cluster(ret_cluster, 15000, ret_answer, &why);
    const char *expected = ret_cluster->expected_name;
    const char *asked = request->options.cluster_name;
    const char *name = code == 0 ? run_discover_name(ret_answer) : "";
    if (code == 0 && expected != NULL && strcmp(expected, name) != 0) {
        why = cau_sentence("%s: name: must be the cluster's, \"%s\", is \"%s\"", request->cluster,
                           name, expected);
        code = CAU_EXIT_INPUT;
    } else if (code == 0 && asked != NULL && strcmp(asked, name) != 0) {
        why = cau_sentence("cluster_name: must be the cluster's, \"%s\", is \"%s\"", name, asked);
        code = CAU_EXIT_USAGE;
    } else if (code == 0) {
        return 0;
    } else {
        real_cluster_done(ret_cluster);
        return run_say_why(request, why, code);
    }
    real_answer_done(ret_answer);
    real_cluster_done(ret_cluster);
    return run_say_why(request, why, code);
}

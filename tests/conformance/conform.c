/* The conformance suite against a real cluster: a tool of tests/real/conformance.sh.
 *
 *     conform CLUSTER PLUGIN [NAME=VALUE]...
 *
 * The cluster's lock must be free, its nodes in service; each is suspended, resumed and worked on,
 * the last one restarted. Exit 0: no rule was broken; 1: one was, told; others as of the commands.
 */
#include "core/shell/exit.h"
#include "real-backend/real.h"
#include "tests/conformance/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define ARGUMENTS_MAX 16
#define PATIENCE_MS   45000 /* a restart is over within it */
#define SLACK_MS      400   /* of a machine that runs all the nodes at once */

static char *report_file(void *ctx, uint32_t index, char **ret_name)
{
    (void)ctx;
    *ret_name = index == 0 ? strdup("conformance.txt") : NULL;
    return index == 0 ? strdup("a file of a test\n") : NULL;
}

static void say(void *ctx, const char *sentence)
{
    struct timespec now;
    (void)ctx;
    clock_gettime(CLOCK_REALTIME, &now);
    printf("%8ld.%03ld %s\n", now.tv_sec % 100000, now.tv_nsec / 1000000, sentence);
}

static struct cau_guid random_guid(void)
{
    struct cau_guid guid;
    if (getrandom(&guid, sizeof guid, 0) != (ssize_t)sizeof guid) {
        abort();
    }
    return guid;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The members' names, sorted; malloc'd array of texts of the answer's. */
static const char **node_names(const struct real_answer *answer)
{
    const char **names = calloc((size_t)answer->picture.node_count + 1, sizeof *names);
    for (uint32_t i = 0; names != NULL && i < answer->picture.node_count; i++) {
        names[i] = answer->picture.nodes[i].name;
    }
    if (names == NULL) {
        abort();
    }
    qsort(names, answer->picture.node_count, sizeof *names, by_name);
    return names;
}

static int print_report(const struct suite_report *report)
{
    uint32_t broken = 0;
    printf("%u operations, %u events\n", report->operations, report->events);
    for (uint32_t k = CAU_ACT_LOCK_READ; k < CAU_ACT_KINDS; k++) {
        printf("  %-12s %u done\n", cau_word_action((uint8_t)k), report->done[k]);
        broken += report->done[k] == 0;
    }
    for (uint32_t i = 0; i < SUITE_RULES; i++) {
        if (report->broken[i] > 0) {
            printf("  broken %u times: %s\n", report->broken[i], suite_rule_names[i]);
        }
        broken += report->broken[i];
    }
    if (report->first[0] != '\0') {
        printf("  the first: %s\n", report->first);
    }
    return broken == 0 ? 0 : 1;
}

static int run(const struct real_cluster *cluster, const struct real_answer *answer,
               const char *plugin, const struct wire_pair *arguments, uint32_t argument_count)
{
    const char **nodes = node_names(answer);
    const struct wire_pair *lists[] = {arguments};
    struct cau_names names = {.cluster = answer->picture.cluster_name,
                              .nodes = nodes,
                              .node_count = answer->picture.node_count,
                              .plugins = &plugin,
                              .plugin_count = 1};
    struct cau_plan plan = {.run = random_guid(), .orchestrator = random_guid()};
    struct real_texts *texts = real_texts_new();
    struct real_options options = {.cluster = cluster,
                                   .plan = &plan,
                                   .names = &names,
                                   .plugin_programs = &plugin,
                                   .arguments = lists,
                                   .argument_counts = &argument_count,
                                   .pre_script = "#!/bin/sh\nexit 0\n",
                                   .post_script = "#!/bin/sh\nexit 0\n",
                                   .texts = texts,
                                   .report = report_file,
                                   .say = say};
    char *why = NULL;
    struct real_backend *backend = real_backend_new(&options, &why);
    if (backend == NULL) {
        fprintf(stderr, "conform: %s\n", why);
        free(why);
        return CAU_EXIT_INTERNAL;
    }
    struct suite_report report;
    struct suite_subject subject = {.backend = real_backend_seam(backend),
                                    .owner = plan.orchestrator,
                                    .node_count = names.node_count,
                                    .plugin_count = 1,
                                    .patience_ms = PATIENCE_MS,
                                    .slack_ms = SLACK_MS,
                                    .seed = 1};
    suite_run(&subject, &report);
    real_backend_free(backend);
    real_texts_free(texts);
    free(nodes);
    return print_report(&report);
}

int main(int argc, char **argv)
{
    struct wire_pair arguments[ARGUMENTS_MAX];
    struct real_cluster cluster;
    struct real_answer answer;
    uint32_t count = 0;
    char *why = NULL;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 3 || argc > 3 + ARGUMENTS_MAX) {
        fprintf(stderr, "usage: conform CLUSTER PLUGIN [NAME=VALUE]...\n");
        return CAU_EXIT_USAGE;
    }
    for (int i = 3; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (equals == NULL) {
            fprintf(stderr, "conform: an argument is NAME=VALUE, not %s\n", argv[i]);
            return CAU_EXIT_USAGE;
        }
        *equals = '\0';
        arguments[count++] = (struct wire_pair){.name = argv[i], .value = equals + 1};
    }
    int code = real_cluster_init(&cluster, argv[1], NULL, false, &why);
    if (code == 0) {
        code = real_ask_cluster(&cluster, 20000, &answer, &why);
    }
    if (code != 0) {
        fprintf(stderr, "conform: %s\n", why);
        free(why);
        return code;
    }
    code = run(&cluster, &answer, argv[2], arguments, count);
    real_answer_done(&answer);
    real_cluster_done(&cluster);
    return code;
}

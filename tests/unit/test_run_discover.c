/* From what a live cluster's tools printed (tests/data/real) to a scenario; and which clusters are
 * refused, by whose name. The first argument is the top of the checkout. */
#include "core/cli/talk.h"
#include "core/shell/text.h"
#include "real-backend/run/discover.h"
#include "tests/lib/unit.h"

#include <stdlib.h>
#include <string.h>

static const char *top = ".";
static char *apt[] = {"apt"};

struct sample {
    struct real_answer answer;
    struct cau_pool pool;
    char *text;
};

static const char totem[] = "runtime.config.totem.consensus (u32) = 1200\n"
                            "runtime.config.totem.token (u32) = 1000\n"
                            "runtime.config.totem.token_retransmit (u32) = 238\n";

static void open_sample(struct sample *sample, const char *quorum)
{
    char *path = cau_sentence("%s/tests/data/real/idle.json", top), *why = NULL;
    struct wire_said said;
    size_t size = 0;
    *sample = (struct sample){0};
    sample->text = cau_read_file(path, &size, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sample->text);
    size = strcspn(sample->text, "\n");
    CU_ASSERT_TRUE_FATAL(wire_read_said(sample->text, size, &said, &sample->pool, &why));
    CU_ASSERT_EQUAL_FATAL(picture_read_look(&sample->answer.picture, &said.look, false), 0);
    sample->answer.totem = (char *)(uintptr_t)totem;
    sample->answer.quorum = (char *)(uintptr_t)quorum;
    sample->answer.nodelist = sample->answer.contact = (char *)(uintptr_t) "";
    free(path);
}

static void close_sample(struct sample *sample)
{
    picture_done(&sample->answer.picture);
    cau_pool_done(&sample->pool);
    free(sample->text);
}

static struct scenario *discover(struct sample *sample, char *const *plugins, uint32_t count)
{
    char *why = NULL;
    struct scenario *scenario = run_discover(&sample->answer, plugins, count, &why);
    if (scenario == NULL) {
        printf("\n  %s\n", why);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    return scenario;
}

static void expect_refused(struct sample *sample, const char *sentence)
{
    char *why = NULL;
    CU_ASSERT_PTR_NULL(run_discover(&sample->answer, apt, 1, &why));
    CU_ASSERT_PTR_NOT_NULL_FATAL(why);
    if (strcmp(why, sentence) != 0) {
        printf("\n  expected %s\n  found    %s\n", sentence, why);
    }
    CU_ASSERT_STRING_EQUAL(why, sentence);
    free(why);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void test_recorded(void)
{
    struct sample sample;
    open_sample(&sample, "quorum.provider (str) = corosync_votequorum\n");
    sample.answer.picture.nodes[1].updating_suspended = true;
    struct scenario *scenario = discover(&sample, apt, 1);
    CU_ASSERT_STRING_EQUAL(scenario->cluster, sample.answer.picture.cluster_name);
    CU_ASSERT_EQUAL_FATAL(scenario->node_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "node%u", i + 1);
        CU_ASSERT_STRING_EQUAL(scenario->nodes[i].name, name);
        CU_ASSERT_EQUAL(scenario->nodes[i].votes, 1);
        CU_ASSERT_TRUE(scenario->nodes[i].online);
        CU_ASSERT_FALSE(scenario->nodes[i].standby);
        CU_ASSERT_EQUAL(scenario->nodes[i].updating_suspended, i == 1);
        CU_ASSERT_TRUE(scenario->nodes[i].feature_set >= 3000000);
    }
    CU_ASSERT_TRUE(scenario->role_count >= 5);
    CU_ASSERT_EQUAL(scenario->lock_settle, INT64_C(4200000000));
    CU_ASSERT_EQUAL(scenario->detection, INT64_C(2200000000));
    CU_ASSERT_EQUAL(scenario->quorum.device, CAU_QUORUM_DEVICE_NONE);
    CU_ASSERT_EQUAL(scenario->plugin_count, 1);
    CU_ASSERT_TRUE(scenario->pre.present && scenario->post.present);
    /* what is written down of it reads back the same */
    char *text = scenario_write(scenario), *why = NULL;
    struct scenario *again = scenario_read(text, strlen(text), NULL, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    char *text_again = scenario_write(again);
    CU_ASSERT_STRING_EQUAL(text, text_again);
    free(text);
    free(text_again);
    scenario_free(again);
    scenario_free(scenario);
    close_sample(&sample);
}

static void test_quorum(void)
{
    struct sample sample;
    open_sample(&sample, "quorum.device.model (str) = net\n"
                         "quorum.device.net.algorithm (str) = ffsplit\n"
                         "quorum.device.net.host (str) = 10.77.0.2\n"
                         "quorum.device.votes (u32) = 1\n"
                         "quorum.last_man_standing (u8) = 0\n"
                         "quorum.provider (str) = corosync_votequorum\n"
                         "quorum.wait_for_all (u8) = 1\n");
    struct scenario *scenario = discover(&sample, apt, 1);
    CU_ASSERT_EQUAL(scenario->quorum.device, CAU_QUORUM_DEVICE_FFSPLIT);
    CU_ASSERT_EQUAL(scenario->quorum.device_votes, 1);
    CU_ASSERT_EQUAL(scenario->quorum.wait_for_all, CAU_QUORUM_ON);
    CU_ASSERT_FALSE(scenario->quorum.last_man_standing);
    CU_ASSERT_EQUAL(scenario->quorum.expected_votes, 0);
    scenario_free(scenario);
    close_sample(&sample);
    open_sample(&sample, "quorum.expected_votes (u32) = 3\nquorum.two_node (u8) = 0\n"
                         "quorum.auto_tie_breaker (u8) = 1\n");
    scenario = discover(&sample, apt, 1);
    CU_ASSERT_EQUAL(scenario->quorum.expected_votes, 3);
    CU_ASSERT_TRUE(scenario->quorum.auto_tie_breaker);
    CU_ASSERT_EQUAL(scenario->quorum.wait_for_all, CAU_QUORUM_UNSET);
    scenario_free(scenario);
    close_sample(&sample);
}

static void replace(char **text, const char *with)
{
    free(*text);
    *text = strdup(with);
}

/* Sites, ids in another order than the CIB's, a plug-in that is named twice, a role's name that is
 * there twice. */
static void test_names(void)
{
    char *plugins[] = {"apt", "exec", "apt"};
    struct sample sample;
    open_sample(&sample, "");
    struct picture *picture = &sample.answer.picture;
    replace(&picture->nodes[0].site, "north");
    replace(&picture->nodes[0].id, "10");
    replace(&picture->nodes[1].site, "south");
    for (uint32_t i = 0; i < 2; i++) {
        replace(&picture->roles[i].id, "everywhere");
        replace(&picture->roles[i].node, "node2");
    }
    struct scenario *scenario = discover(&sample, plugins, 3);
    CU_ASSERT_STRING_EQUAL(scenario->nodes[2].name, picture->nodes[0].name);
    CU_ASSERT_EQUAL(scenario->site_count, 3);
    CU_ASSERT_STRING_EQUAL(scenario->sites[scenario->nodes[2].site].name, "north");
    CU_ASSERT_STRING_EQUAL(scenario->sites[0].name, "north");
    CU_ASSERT_EQUAL(scenario->plugin_count, 2);
    CU_ASSERT_STRING_EQUAL(scenario->roles[0].name, "everywhere");
    CU_ASSERT_STRING_EQUAL(scenario->roles[1].name, "everywhere@1");
    scenario_free(scenario);
    close_sample(&sample);
}

static void test_refused(void)
{
    struct sample sample;
    open_sample(&sample, "");
    struct picture *picture = &sample.answer.picture;
    picture->nodes[2].facts.kind = CAU_KIND_REMOTE;
    expect_refused(&sample, "node node3: is a Pacemaker Remote or guest node, which this version "
                            "does not update");
    picture->nodes[2].facts.kind = CAU_KIND_MEMBER;
    replace(&picture->nodes[1].name, "node two");
    expect_refused(&sample, "node \"node two\": its name must be of letters, digits and ._-+~:@, "
                            "at most 255");
    replace(&picture->nodes[1].name, "node2");
    replace(&picture->nodes[1].site, "\"north\"");
    expect_refused(&sample, "node node2: its attribute site must be of letters, digits and "
                            "._-+~:@, is \"\"north\"\"");
    replace(&picture->nodes[1].site, "");
    replace(&picture->cluster_name, "");
    expect_refused(&sample, "the cluster's name (property cluster-name) must be of letters, digits "
                            "and ._-+~:@, is \"\"");
    replace(&picture->cluster_name, "c1");
    replace(&picture->bundle, "box");
    expect_refused(&sample,
                   "box: is a bundle, and this version does not update clusters with bundles");
    free(picture->bundle);
    picture->bundle = NULL;
    sample.answer.quorum = (char *)(uintptr_t) "quorum.auto_tie_breaker_node (str) = highest\n";
    expect_refused(&sample, "quorum.auto_tie_breaker_node: must be lowest to be reckoned with, is "
                            "highest");
    sample.answer.quorum = (char *)(uintptr_t) "quorum.device.model (str) = net\n";
    expect_refused(&sample, "quorum.device.net.algorithm: must be ffsplit or lms to be reckoned "
                            "with, is not there");
    close_sample(&sample);
}

/* One machine without Pacemaker is a cluster of one, called like itself. */
static void test_alone(void)
{
    struct picture_node node = {.name = "web",
                                .id = "",
                                .site = "",
                                .facts = {.votes = 1, .member = true, .storage_ok = true}};
    struct sample sample = {
        .answer = {.picture = {.cluster_name = "", .nodes = &node, .node_count = 1},
                   .nodelist = "",
                   .quorum = "",
                   .totem = "",
                   .contact = ""}};
    struct scenario *scenario = discover(&sample, apt, 1);
    CU_ASSERT_STRING_EQUAL(scenario->cluster, "web");
    CU_ASSERT_EQUAL(scenario->lock_settle, 0);
    CU_ASSERT_EQUAL(scenario->node_count, 1);
    scenario_free(scenario);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        {"recorded", test_recorded}, {"quorum", test_quorum}, {"names", test_names},
        {"refused", test_refused},   {"alone", test_alone},
    };
    top = argc > 1 ? argv[1] : top;
    return UNIT_MAIN("discover", tests);
}

/* What a look may keep from the one before: only where Pacemaker would make the same of both. */
#include "real-backend/node/look_cluster.h"
#include "tests/lib/unit.h"

#include <stdio.h>

#define CIB                                                                                        \
    "<cib crm_feature_set=\"3.16.2\" epoch=\"%d\" num_updates=\"%d\" have-quorum=\"%d\" "          \
    "cib-last-written=\"%s\" dc-uuid=\"%d\">\n"                                                    \
    "  <configuration>\n"                                                                          \
    "    <crm_config>\n"                                                                           \
    "      <cluster_property_set id=\"caucus-lock\">\n"                                            \
    "        <nvpair id=\"caucus-lock-value\" name=\"caucus-lock\" value=\"%s\"/>\n"               \
    "      </cluster_property_set>\n"                                                              \
    "    </crm_config>\n"                                                                          \
    "    <nodes><node id=\"1\" uname=\"n1\"/></nodes>\n"                                           \
    "%s"                                                                                           \
    "  </configuration>\n"                                                                         \
    "</cib>\n"

struct made {
    char text[2048];
};

static struct made make(int epoch, int quorum, int dc, const char *lock, const char *more)
{
    struct made made;
    snprintf(made.text, sizeof made.text, CIB, epoch, 7 * epoch, quorum, epoch > 5 ? "Mon" : "Tue",
             dc, lock, more);
    return made;
}

static void only_ours(void)
{
    struct made first = make(5, 1, 1, "a", "");
    struct made second = make(6, 1, 1, "bbb", "");
    CU_ASSERT_TRUE(look_same_but_ours(first.text, first.text));
    CU_ASSERT_TRUE(look_same_but_ours(first.text, second.text));
    struct made state =
        make(7, 1, 1, "",
             "     <nvpair id=\"status-1-caucus-state\" name=\"caucus-state\" value=\"x\"/>\n");
    CU_ASSERT_TRUE(look_same_but_ours(first.text, state.text));
    CU_ASSERT_TRUE(look_same_but_ours(state.text, first.text));
}

static void something_else(void)
{
    struct made first = make(5, 1, 1, "a", "");
    struct made others[] = {
        make(5, 0, 1, "a", ""), /* no quorum any more */
        make(5, 1, 2, "a", ""), /* another controller */
        make(5, 1, 1, "a", "<nvpair id=\"s\" name=\"standby\" value=\"on\"/>\n"),
        make(5, 1, 1, "a", "<nvpair id=\"s\" name=\"standby\"/><nvpair name=\"caucus-by\"/>\n"),
        make(5, 1, 1, "a", "<rsc_location id=\"caucus-back-x\" name=\"caucus-x\"/>\n"),
        make(5, 1, 1, "a", "\n"),
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        CU_ASSERT_FALSE(look_same_but_ours(first.text, others[i].text));
        CU_ASSERT_FALSE(look_same_but_ours(others[i].text, first.text));
    }
    CU_ASSERT_FALSE(look_same_but_ours(NULL, first.text));
    CU_ASSERT_FALSE(look_same_but_ours(first.text, NULL));
    CU_ASSERT_FALSE(look_same_but_ours(NULL, NULL));
    CU_ASSERT_FALSE(look_same_but_ours("", ""));
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"only ours", only_ours},
        {"something else", something_else},
    };
    return UNIT_MAIN("node look", tests);
}

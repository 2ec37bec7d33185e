/* What a node forgets: the oldest, never more than it must. */
#include "real-backend/node/job.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/caucus-prune.XXXXXX";

/* Entry `i` changed last in the second `i` of 1970: even ones are folders with two files. */
static void put(int i)
{
    char path[128], inner[160];
    snprintf(path, sizeof path, "%s/runs/%d", root, i);
    if (i % 2 == 0) {
        mkdir(path, 0700);
        for (int k = 0; k < 2; k++) {
            snprintf(inner, sizeof inner, "%s/%d", path, k);
            close(open(inner, O_WRONLY | O_CREAT, 0600));
        }
    } else {
        close(open(path, O_WRONLY | O_CREAT, 0600));
    }
    const struct timespec times[2] = {{.tv_sec = i}, {.tv_sec = i}};
    CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path, times, 0), 0);
}

static bool there(int i)
{
    char path[128];
    snprintf(path, sizeof path, "%s/runs/%d", root, i);
    return access(path, F_OK) == 0;
}

static bool is_number(const char *name)
{
    return name[0] >= '0' && name[0] <= '9';
}

static void forgets_the_oldest(void)
{
    char path[128], hidden[128];
    snprintf(path, sizeof path, "%s/runs", root);
    snprintf(hidden, sizeof hidden, "%s/runs/.1", root);
    node_prune("/runs", is_number, 1); /* there is no such folder: nothing happens */
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0700), 0);
    close(open(hidden, O_WRONLY | O_CREAT, 0600));
    for (int i = 9; i > 0; i--) {
        put(i);
    }
    node_prune("/runs", is_number, 9);
    CU_ASSERT_TRUE(there(1));
    node_prune("/runs", is_number, 4);
    for (int i = 1; i <= 9; i++) {
        CU_ASSERT_EQUAL(there(i), i > 5);
    }
    CU_ASSERT_EQUAL(access(hidden, F_OK), 0); /* not ours */
    node_prune("/runs", is_number, 0);
    CU_ASSERT_FALSE(there(9));
    unlink(hidden);
    CU_ASSERT_EQUAL(rmdir(path), 0);
}

int main(void)
{
    static const struct unit_test tests[] = {{"forgets the oldest", forgets_the_oldest}};
    if (mkdtemp(root) == NULL || setenv("CAUCUS_NODE_ROOT", root, 1) != 0) {
        return 1;
    }
    int code = UNIT_MAIN("node prune", tests);
    rmdir(root);
    return code;
}

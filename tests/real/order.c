/* order WORD...: gives the testbed's supervisor one order (real-backend/testbed/testbed.h) and
 * prints its answer. For tests that need what is no fault of a scenario. */
#include "core/shell/text.h"
#include "real-backend/testbed/testbed.h"

#include <stdio.h>
#include <stdlib.h>

static int complain(char *why)
{
    fprintf(stderr, "order: %s\n", why != NULL ? why : "no memory");
    free(why);
    return 1;
}

int main(int argc, char **argv)
{
    char *why = NULL, *state = tb_state(&why);
    if (state == NULL) {
        return complain(why);
    }
    struct cau_text order;
    cau_text_init(&order);
    for (int i = 1; i < argc; i++) {
        cau_text_printf(&order, "%s%s", i > 1 ? " " : "", argv[i]);
    }
    char *answer = tb_order(state, &why, "%s", order.data);
    cau_text_done(&order);
    free(state);
    if (answer == NULL) {
        return complain(why);
    }
    puts(answer);
    free(answer);
    return 0;
}

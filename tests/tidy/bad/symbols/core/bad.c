/* What a core must not do: ask the outside world, and remember. */
#include <stdlib.h>

int bad_answer(void);

static int asked;
static int limit = 3;

int bad_answer(void)
{
    limit -= asked++;
    return limit + rand();
}

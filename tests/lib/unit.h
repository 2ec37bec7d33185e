/* One table of named tests, one main: CUnit without its ceremony. */
#ifndef UNIT_H
#define UNIT_H

#include <CUnit/Basic.h>
#include <stddef.h>

struct unit_test {
    const char *name;
    void (*run)(void);
};

/* Runs the table; the exit code of main. */
static inline int unit_main(const char *suite_name, const struct unit_test *tests, size_t count)
{
    if (CU_initialize_registry() != CUE_SUCCESS) {
        return 2;
    }
    CU_pSuite suite = CU_add_suite(suite_name, NULL, NULL);
    for (size_t i = 0; i < count; i++) {
        CU_add_test(suite, tests[i].name, tests[i].run);
    }
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed == 0 ? 0 : 1;
}

#define UNIT_MAIN(suite, tests) unit_main(suite, tests, sizeof(tests) / sizeof((tests)[0]))

#endif

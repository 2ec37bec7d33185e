/* core/shell/pages.h: blocks of all sizes around a large page are as large as they say, zeroed
 * where they say so, and whole to their last byte. */
#include "core/shell/pages.h"
#include "tests/lib/unit.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

static const size_t sizes[] = {1, 8, 4096, MIB, MIB + 1, 2 * MIB, 2 * MIB + 1, 5 * MIB};

static bool is_all(const unsigned char *bytes, size_t size, unsigned char value)
{
    return bytes[0] == value && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static void test_blocks(void)
{
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t size = cau_pages_size(sizes[i]);
        unsigned char *fresh = cau_pages_new(size), *zeroed;
        CU_ASSERT_TRUE(size >= sizes[i] && size < sizes[i] + 2 * MIB);
        CU_ASSERT_EQUAL(cau_pages_size(size), size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(fresh);
        memset(fresh, 0xff, size); /* what the next block may get */
        cau_pages_free(fresh, size);
        zeroed = cau_pages_zeroed(size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(zeroed);
        CU_ASSERT_EQUAL((uintptr_t)zeroed % alignof(max_align_t), 0);
        CU_ASSERT_TRUE(is_all(zeroed, size, 0));
        memset(zeroed, 0xff, size);
        cau_pages_free(zeroed, size);
    }
    cau_pages_free(NULL, 1);
}

/* (A sanitizer ends the process there.) */
static void test_too_much(void)
{
#ifndef __SANITIZE_ADDRESS__
    CU_ASSERT_PTR_NULL(cau_pages_new(SIZE_MAX / 2));
    CU_ASSERT_PTR_NULL(cau_pages_zeroed(SIZE_MAX / 2));
#endif
}

/* It may grow after it was asked for, and keeps what is in it. */
static void test_asked(void)
{
    unsigned char *block = NULL;
    for (size_t size = 1024; size <= 16 * MIB; size *= 2) {
        unsigned char *grown = realloc(block, size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(grown);
        block = grown;
        cau_pages_ask(block, size);
        CU_ASSERT_TRUE(size == 1024 || is_all(block, size / 2, 0x5a));
        memset(block, 0x5a, size);
    }
    free(block);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"as large as they say, and zeroed", test_blocks},
        {"more than there is", test_too_much},
        {"asked for, and grown", test_asked},
    };
    return UNIT_MAIN("pages", tests);
}

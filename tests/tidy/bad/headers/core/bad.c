#include <stdint.h>
#include <stdio.h>

#include "core/shell/words.h"
#include "plan.h"

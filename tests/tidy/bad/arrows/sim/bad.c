#include "analysis/chart.h"
#include "real-backend/view.h"

/* Comparison of strategies, sensitivity, crossings, best chunk counts. Part of dpl.h, which includes it. */
#ifndef DPL_SEARCH_H
#define DPL_SEARCH_H

#include "../dpl.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
}
#endif

#endif

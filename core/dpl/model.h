/* Memory, throughput, scaling and the search for a configuration. Part of dpl.h, which includes it. */
#ifndef DPL_MODEL_H
#define DPL_MODEL_H

#include "../dpl.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
}
#endif

#endif

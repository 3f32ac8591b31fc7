// Gives memory that was freed back to the system: glibc keeps most of it otherwise.

#include "CSlipwayLinux.h"

#include <malloc.h>

void slipway_trim_memory(void) { malloc_trim(0); }

size_t slipway_free_memory(void) {
    struct mallinfo2 told = mallinfo2();
    return told.fordblks + told.fsmblks;
}

/* The model file as it is, in the read-only data of the program. */
#if defined(__APPLE__)
#define NAME(name) _##name
#define HIDE(name) .private_extern NAME(name)
    .const_data
#else
#define NAME(name) name
#define HIDE(name) .hidden NAME(name)
    .section .rodata
#endif

    .globl NAME(escuta_silero_model_begin)
    .globl NAME(escuta_silero_model_end)
    HIDE(escuta_silero_model_begin)
    HIDE(escuta_silero_model_end)
    .balign 64
NAME(escuta_silero_model_begin):
    .incbin ESCUTA_SILERO_MODEL
NAME(escuta_silero_model_end):
    .byte 0

#if defined(__ELF__)
    .section .note.GNU-stack, "", %progbits
#endif

#include "textflag.h"

// Of four pixels, each blue, green, red and nothing: red, green and blue.
DATA colours<>+0(SB)/8, $0x090a040506000102
DATA colours<>+8(SB)/8, $0x808080800c0d0e08
GLOBL colours<>(SB), RODATA|NOPTR, $16

// func packRowAVX2(dst, row *byte, n int)
TEXT ·packRowAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ row+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTI128 colours<>(SB), Y15

pack:
	VMOVDQU      (SI), Y0
	VPSHUFB      Y15, Y0, Y0
	VMOVDQU      X0, (DI)
	VEXTRACTI128 $1, Y0, 12(DI)
	ADDQ         $32, SI
	ADDQ         $24, DI
	DECQ         CX
	JNZ          pack
	VZEROUPPER
	RET

// func gradientRowAVX2(dst, row, above *byte, n int)
TEXT ·gradientRowAVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ row+8(FP), SI
	MOVQ above+16(FP), BX
	MOVQ n+24(FP), CX
	VBROADCASTI128 colours<>(SB), Y15
	VPXOR Y14, Y14, Y14

gradient:
	VMOVDQU (SI), Y0   // the pixels
	VMOVDQU -4(SI), Y1 // left of them
	VMOVDQU (BX), Y2   // above
	VMOVDQU -4(BX), Y3 // above and left

	// In words, four pixels of each half at once; packing keeps the sums
	// within 0 to 255.
	VPUNPCKLBW Y14, Y1, Y4
	VPUNPCKLBW Y14, Y2, Y5
	VPUNPCKLBW Y14, Y3, Y6
	VPADDW     Y5, Y4, Y4
	VPSUBW     Y6, Y4, Y4
	VPUNPCKHBW Y14, Y1, Y7
	VPUNPCKHBW Y14, Y2, Y8
	VPUNPCKHBW Y14, Y3, Y9
	VPADDW     Y8, Y7, Y7
	VPSUBW     Y9, Y7, Y7
	VPACKUSWB  Y7, Y4, Y4

	VPSUBB       Y4, Y0, Y0
	VPSHUFB      Y15, Y0, Y0
	VMOVDQU      X0, (DI)
	VEXTRACTI128 $1, Y0, 12(DI)
	ADDQ         $32, SI
	ADDQ         $32, BX
	ADDQ         $24, DI
	DECQ         CX
	JNZ          gradient
	VZEROUPPER
	RET

#include "textflag.h"

// The constants of the inverse transform: i4, i2, i2m6, i2p6.
DATA inverses<>+0(SB)/4, $0x3fb504f3
DATA inverses<>+4(SB)/4, $0x3fec835e
DATA inverses<>+8(SB)/4, $0x3f8a8bd4
DATA inverses<>+12(SB)/4, $0x40273d75
GLOBL inverses<>(SB), RODATA|NOPTR, $16

// Packing leaves the first halves of four rows, then the second ones; this brings
// those of a row together.
DATA halfrows<>+0(SB)/8, $0x0000000400000000
DATA halfrows<>+8(SB)/8, $0x0000000500000001
DATA halfrows<>+16(SB)/8, $0x0000000600000002
DATA halfrows<>+24(SB)/8, $0x0000000700000003
GLOBL halfrows<>(SB), RODATA|NOPTR, $32

// IDCT transforms the eight values in Y0 to Y7 back, eight of them at once, with
// i4, i2, i2m6 and i2p6 in Y12 to Y15. The results, in their order, are in
// Y6 Y4 Y0 Y8 Y5 Y11 Y10 Y9; Y1 Y2 Y3 Y7 are used. The steps are those of idct.
#define IDCT \
	VADDPS Y4, Y0, Y8    \
	VSUBPS Y4, Y0, Y0    \
	VADDPS Y6, Y2, Y4    \
	VSUBPS Y6, Y2, Y2    \
	VMULPS Y12, Y2, Y2   \
	VSUBPS Y4, Y2, Y2    \
	VADDPS Y4, Y8, Y6    \
	VSUBPS Y4, Y8, Y8    \
	VADDPS Y2, Y0, Y4    \
	VSUBPS Y2, Y0, Y0    \
	VADDPS Y3, Y5, Y2    \
	VSUBPS Y3, Y5, Y5    \
	VADDPS Y7, Y1, Y3    \
	VSUBPS Y7, Y1, Y1    \
	VADDPS Y2, Y3, Y7    \
	VSUBPS Y2, Y3, Y3    \
	VMULPS Y12, Y3, Y3   \
	VADDPS Y1, Y5, Y2    \
	VMULPS Y13, Y2, Y2   \
	VMULPS Y14, Y1, Y1   \
	VSUBPS Y1, Y2, Y1    \
	VMULPS Y15, Y5, Y5   \
	VSUBPS Y5, Y2, Y2    \
	VSUBPS Y7, Y2, Y2    \
	VSUBPS Y2, Y3, Y3    \
	VSUBPS Y3, Y1, Y1    \
	VSUBPS Y7, Y6, Y9    \
	VADDPS Y7, Y6, Y6    \
	VSUBPS Y2, Y4, Y10   \
	VADDPS Y2, Y4, Y4    \
	VSUBPS Y3, Y0, Y11   \
	VADDPS Y3, Y0, Y0    \
	VSUBPS Y1, Y8, Y5    \
	VADDPS Y1, Y8, Y8

// TURN takes what IDCT leaves as rows, and puts the columns into Y0 to Y7.
#define TURN \
	VUNPCKLPS  Y4, Y6, Y1         \
	VUNPCKHPS  Y4, Y6, Y2         \
	VUNPCKLPS  Y8, Y0, Y3         \
	VUNPCKHPS  Y8, Y0, Y7         \
	VUNPCKLPD  Y3, Y1, Y0         \
	VUNPCKHPD  Y3, Y1, Y4         \
	VUNPCKLPD  Y7, Y2, Y6         \
	VUNPCKHPD  Y7, Y2, Y8         \
	VUNPCKLPS  Y11, Y5, Y1        \
	VUNPCKHPS  Y11, Y5, Y2        \
	VUNPCKLPS  Y9, Y10, Y3        \
	VUNPCKHPS  Y9, Y10, Y7        \
	VUNPCKLPD  Y3, Y1, Y5         \
	VUNPCKHPD  Y3, Y1, Y9         \
	VUNPCKLPD  Y7, Y2, Y10        \
	VUNPCKHPD  Y7, Y2, Y11        \
	VPERM2F128 $0x20, Y9, Y4, Y1  \
	VPERM2F128 $0x20, Y10, Y6, Y2 \
	VPERM2F128 $0x20, Y11, Y8, Y3 \
	VPERM2F128 $0x31, Y11, Y8, Y7 \
	VPERM2F128 $0x31, Y10, Y6, Y6 \
	VPERM2F128 $0x31, Y9, Y4, Y8  \
	VPERM2F128 $0x31, Y5, Y0, Y4  \
	VPERM2F128 $0x20, Y5, Y0, Y0  \
	VMOVAPS    Y8, Y5

// COLUMN takes the coefficients of one horizontal frequency.
#define COLUMN(at, y) \
	VPMOVSXWD (at)(SI), y    \
	VCVTDQ2PS y, y           \
	VMULPS    (2*at)(BX), y, y

// ROWS rounds, bounds and lifts the four rows a to d, and writes them.
#define ROWS(a, b, c, d) \
	VCVTPS2DQ    a, a           \
	VCVTPS2DQ    b, b           \
	VCVTPS2DQ    c, c           \
	VCVTPS2DQ    d, d           \
	VPACKSSDW    b, a, a        \
	VPACKSSDW    d, c, c        \
	VPACKSSWB    c, a, a        \
	VPERMD       a, Y1, a       \
	VPXOR        Y2, a, a

// func inverseAVX2(coef *int16, scale *float32, dst *byte, stride int)
TEXT ·inverseAVX2(SB), NOSPLIT, $0-32
	MOVQ coef+0(FP), SI
	MOVQ scale+8(FP), BX
	MOVQ dst+16(FP), DI
	MOVQ stride+24(FP), DX

	VBROADCASTSS inverses<>+0(SB), Y12
	VBROADCASTSS inverses<>+4(SB), Y13
	VBROADCASTSS inverses<>+8(SB), Y14
	VBROADCASTSS inverses<>+12(SB), Y15

	COLUMN(0, Y0)
	COLUMN(16, Y1)
	COLUMN(32, Y2)
	COLUMN(48, Y3)
	COLUMN(64, Y4)
	COLUMN(80, Y5)
	COLUMN(96, Y6)
	COLUMN(112, Y7)
	IDCT
	TURN
	IDCT

	VMOVDQU  halfrows<>(SB), Y1
	VPCMPEQB Y2, Y2, Y2
	VPSLLW   $7, Y2, Y2
	VPACKSSWB Y2, Y2, Y2 // bytes of 128

	ROWS(Y6, Y4, Y0, Y8)
	ROWS(Y5, Y11, Y10, Y9)
	LEAQ         (DX)(DX*2), CX
	VMOVQ        X6, (DI)
	VPEXTRQ      $1, X6, (DI)(DX*1)
	VEXTRACTI128 $1, Y6, X6
	VMOVQ        X6, (DI)(DX*2)
	VPEXTRQ      $1, X6, (DI)(CX*1)
	LEAQ         (DI)(DX*4), DI
	VMOVQ        X5, (DI)
	VPEXTRQ      $1, X5, (DI)(DX*1)
	VEXTRACTI128 $1, Y5, X5
	VMOVQ        X5, (DI)(DX*2)
	VPEXTRQ      $1, X5, (DI)(CX*1)
	VZEROUPPER
	RET

// The shares of chroma in blue, green and red, those of luma, 128, and 255.
DATA colours<>+0(SB)/4, $116130
DATA colours<>+4(SB)/4, $22554
DATA colours<>+8(SB)/4, $46802
DATA colours<>+12(SB)/4, $91881
DATA colours<>+16(SB)/4, $0x10101
DATA colours<>+20(SB)/4, $128
DATA colours<>+24(SB)/4, $255
GLOBL colours<>(SB), RODATA|NOPTR, $28

// This gives each of four values to two pixels.
DATA twice<>+0(SB)/8, $0x0000000000000000
DATA twice<>+8(SB)/8, $0x0000000100000001
DATA twice<>+16(SB)/8, $0x0000000200000002
DATA twice<>+24(SB)/8, $0x0000000300000003
GLOBL twice<>(SB), RODATA|NOPTR, $32

// SETTLE loads what PIXELS wants.
#define SETTLE \
	MOVQ         row+0(FP), DI           \
	MOVQ         n+8(FP), CX             \
	MOVQ         luma+16(FP), SI         \
	MOVQ         blue+24(FP), R8         \
	MOVQ         red+32(FP), R9          \
	VPBROADCASTD colours<>+0(SB), Y15    \
	VPBROADCASTD colours<>+4(SB), Y14    \
	VPBROADCASTD colours<>+8(SB), Y13    \
	VPBROADCASTD colours<>+12(SB), Y12   \
	VPBROADCASTD colours<>+16(SB), Y11   \
	VPBROADCASTD colours<>+20(SB), Y10   \
	VPBROADCASTD colours<>+24(SB), Y9    \
	VPXOR        Y8, Y8, Y8

// BOUND gives the highest eight of 24 bits, bounded.
#define BOUND(y) \
	VPSRAD  $16, y, y \
	VPMAXSD Y8, y, y  \
	VPMINSD Y9, y, y

// PIXELS makes and writes eight pixels of chroma in Y1 and Y2.
#define PIXELS \
	VPMOVZXBD (SI), Y0    \
	VPMULLD   Y11, Y0, Y0 \
	VPSUBD    Y10, Y1, Y1 \
	VPSUBD    Y10, Y2, Y2 \
	VPMULLD   Y15, Y1, Y3 \
	VPADDD    Y3, Y0, Y3  \
	VPMULLD   Y14, Y1, Y4 \
	VPSUBD    Y4, Y0, Y4  \
	VPMULLD   Y13, Y2, Y5 \
	VPSUBD    Y5, Y4, Y4  \
	VPMULLD   Y12, Y2, Y5 \
	VPADDD    Y5, Y0, Y5  \
	BOUND(Y3)             \
	BOUND(Y4)             \
	BOUND(Y5)             \
	VPSLLD    $8, Y4, Y4  \
	VPSLLD    $16, Y5, Y5 \
	VPOR      Y4, Y3, Y3  \
	VPOR      Y5, Y3, Y3  \
	VMOVDQU   Y3, (DI)    \
	ADDQ      $32, DI     \
	ADDQ      $8, SI

// func unpackFullAVX2(row *byte, n int, luma, blue, red *byte)
TEXT ·unpackFullAVX2(SB), NOSPLIT, $0-40
	SETTLE

full:
	VPMOVZXBD (R8), Y1
	VPMOVZXBD (R9), Y2
	PIXELS
	ADDQ      $8, R8
	ADDQ      $8, R9
	DECQ      CX
	JNZ       full
	VZEROUPPER
	RET

// func unpackHalfAVX2(row *byte, n int, luma, blue, red *byte)
TEXT ·unpackHalfAVX2(SB), NOSPLIT, $0-40
	SETTLE
	VMOVDQU twice<>(SB), Y7

half:
	VPMOVZXBD (R8), X1
	VPMOVZXBD (R9), X2
	VPERMD    Y1, Y7, Y1
	VPERMD    Y2, Y7, Y2
	PIXELS
	ADDQ      $4, R8
	ADDQ      $4, R9
	DECQ      CX
	JNZ       half
	VZEROUPPER
	RET

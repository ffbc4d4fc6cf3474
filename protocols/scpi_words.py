"""Short and long forms of the words in SCPI headers (SCPI-99 volume 2 and makers' guides; the capitals are the short
form, SCPI-99 volume 1, 6.2.1)."""

import functools

_WORDS = """
ABORt ACQuire AMPLitude APERture APPLy ATTenuation AUTO AVERage BANdwidth BANDwidth BEEPer BWLimit BYTeorder CALibration
CAPacitance CENTer CHANnel CONDition CONFigure CONTinuity COUNt COUPling CURRent CURVe DATA DATa DCYCle DEFault DELay
DIODe DISPlay EDGE ENABle ENCdg ERRor EVENt EXTernal FETCh FILTer FORCe FORMat FREQuency FRESistance FUNCtion HEADer
HOLD HORizontal IMMediate IMPedance INITiate INPut INSTrument INTernal INTerval INVert LEVel LOAD LOCal MAIn MAIN
MAXimum MDEPth MEASure MEMory MINimum MODE MODe NEXT NOISe NORMal NPLCycles OFFSet OPERation OUTPut PERiod PHASe POINts
POLarity POSition POWer PREamble PRESet PRObe PROBe PROTection PULSe QUEStionable RAMP RANGe RATio READ REFerence REMote
RESet RESistance RESolution RUN SAMPle SCAle SCALe SELect SENSe SINGle SINusoid SLOpe SLOPe SOUrce SOURce SQUare STARt
STATe STATus STOP STOPAfter SWEep SYNC SYSTem TEMPerature TFORce TIMebase TRACe TRIGger TYPe TYPE UNIT UNSigned VERNier
VERSion VIEW VOLTage WAVeform WFMPre WIDth WIDTh ZERO
"""


@functools.lru_cache(maxsize=1024)
def forms(word: str) -> frozenset[str]:
    """Return the spellings, in capitals, that stand for ``word``: its short and its long form.

    ``word`` is either of them, in any case. A word that is in no guide read here stands for itself alone.
    """
    given = word.upper()
    found = {given}
    for known in _WORDS.split():
        both = {known.upper(), "".join(letter for letter in known if letter.isupper())}
        if given in both:
            found |= both
    return frozenset(found)


def is_known(word: str) -> bool:
    """Tell whether ``word`` has another form that is known here, or is a short form that is its own long one."""
    return len(forms(word)) > 1 or any(known.isupper() and known == word.upper() for known in _WORDS.split())

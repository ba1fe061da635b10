"""The SD-card browser's parts, made once by the app and handed to its routes."""

from dataclasses import dataclass

from services.sdcard.cards import Cards
from services.sdcard.clips import Clips
from services.sdcard.figures import Figures
from services.sdcard.registry import Registry
from services.sdcard.settings import SdcardSettings
from services.sdcard.work import Work


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes need."""

    settings: SdcardSettings
    registry: Registry
    cards: Cards
    clips: Clips
    figures: Figures
    work: Work

"""The list of all recognizers of personal data."""

from filters.text_analysis.recognizers.birth_and_address import DATE_OF_BIRTH, STREET_ADDRESS
from filters.text_analysis.recognizers.credentials import (
    AUTH_TOKEN,
    AWS_CREDENTIALS,
    ENCRYPTION_KEY,
    GCP_API_KEY,
)
from filters.text_analysis.recognizers.email import EMAIL_ADDRESS
from filters.text_analysis.recognizers.identity import (
    PASSPORT,
    US_DRIVERS_LICENSE_NUMBER,
    US_INDIVIDUAL_TAXPAYER_IDENTIFICATION_NUMBER,
    US_SOCIAL_SECURITY_NUMBER,
)
from filters.text_analysis.recognizers.network import IP_ADDRESS, MAC_ADDRESS
from filters.text_analysis.recognizers.payment import CREDIT_CARD_NUMBER, IBAN_CODE
from filters.text_analysis.recognizers.phone import PHONE_NUMBER
from filters.text_analysis.recognizers.recognizer import Recognizer

# In order of precedence: where two match the same characters, the first one names the match.
RECOGNIZERS: tuple[Recognizer, ...] = (
    ENCRYPTION_KEY,
    AWS_CREDENTIALS,
    GCP_API_KEY,
    AUTH_TOKEN,
    EMAIL_ADDRESS,
    IBAN_CODE,
    CREDIT_CARD_NUMBER,
    US_SOCIAL_SECURITY_NUMBER,
    US_INDIVIDUAL_TAXPAYER_IDENTIFICATION_NUMBER,
    PASSPORT,
    US_DRIVERS_LICENSE_NUMBER,
    IP_ADDRESS,
    MAC_ADDRESS,
    PHONE_NUMBER,
    DATE_OF_BIRTH,
    STREET_ADDRESS,
)

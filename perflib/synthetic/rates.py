"""Published rates of real departments beside those of the built-in sample: name, lowest, highest, ours, sources.

``tests/synthetic/test_rates.py`` measures ours in the written files and holds it between the lowest and the highest.
Where one figure is published, they lie 30 % to either side of it. Rates are by the year. No usable national figure was
found for overtime, details, commendations, feedback and response times by priority: the sample's are invented.

AZ16    FBI, National Incident-Based Reporting System, Arizona, 2016
BJS06   M. Hickman, Citizen Complaints about Police Use of Force, Bureau of Justice Statistics, 2006 (NCJ 210296)
BJS12   B. Reaves, Hiring and Retention of State and Local Law Enforcement Officers, 2008, BJS, 2012 (NCJ 238251)
BPD     Bozeman Police Department, 2016 Annual Report: 10,674 stops, 65 officers, about 45,000 residents
CHI     Chicago, 7,785 officers, 2011-16: data of the R package staggered (J. Roth, P. Sant'Anna), 2021
COSMIC  Data of the R package cosmic (G. Ridgeway): officers of Seattle with a use of force
CPD     Invisible Institute, chicago-police-data: accused officers by year over 12,598 on the payroll of 2013, 2018
DC23    District of Columbia, Stop Data, January to June 2023: 34,292 stops; 3,337 officers
DECC    Denton County, calls of weeks 35-52 of 2025 (T. Dunsworth, DECCReport4)
FBI06   FBI, Crime in the United States 2006, table 74, cities of 100,000 to 249,999
FBI15   FBI, Crime in the United States 2019, table 15: all agencies, and cities of 250,000 and more
FBI19   FBI, Crime in the United States 2019: clearances, arrests (10.1 million), officers (697,195)
NIJ11   G. Alpert et al., Police Use of Force, Tasers and Other Less-Lethal Weapons, NIJ, 2011 (NCJ 232215)
NOLA    New Orleans, calls by month (AH Datalytics, nola, 2026)
OPA17   Seattle Office of Police Accountability, 2017 Annual Report
OPS     Ottawa Police Service, Annual Report 2018
PPCS    E. Davis et al., Contacts Between Police and the Public, 2015, BJS, 2018
PSD     AH Datalytics, police-staffing-dashboard, settings of the sample agency, 2026
SPD10   Seattle Police Department, Use of Force by Seattle Police Department Officers 2006-2009, 2010
SPD18   Seattle Police Department, Use of Force Annual Report, 2018; SPD20: the same, 2020
W15     J. Wareham, B. Smith, E. Lambert, Rates and Patterns of Law Enforcement Turnover, 2015
"""

from __future__ import annotations

RATES = """
calls for service per resident          | 0.51 | 0.76 | 0.7 | NOLA: 2025 and 2019
public share of calls                   | 0.52 | 0.97 | 0.71 | DECC: .75
hours of officers per call              | 0.6 | 1.12 | 0.9 | OPS: 278,400 h, 322,800 calls
officers per 1,000 residents            | 1.3 | 2.41 | 1.57 | FBI06: 1.85
leavers per officer                     | 0.072 | 0.108 | 0.084 | BJS12: 51,000 of 705,000; W15: .108
days off among days on the roster       | 0.15 | 0.27 | 0.15 | PSD: .21
robberies per 1,000 residents           | 0.8 | 1.96 | 1.39 | FBI15: all agencies; large cities
aggravated assaults per 1,000 residents | 2.42 | 4.36 | 4.23 | FBI15: all agencies; large cities
burglaries per 1,000 residents          | 3.28 | 4.66 | 4.52 | FBI15: all agencies; large cities
vehicle thefts per 1,000 residents      | 2.2 | 4.04 | 3.4 | FBI15: all agencies; large cities
larcenies per 1,000 residents           | 10.8 | 20.1 | 17.6 | FBI19: 15.5
simple per aggravated assault           | 2.8 | 5.2 | 2.83 | AZ16: 4.0
vandalisms per burglary                 | 1.7 | 3.2 | 1.88 | AZ16: 2.4
aggravated assaults cleared             | 0.366 | 0.68 | 0.44 | FBI19: .523
robberies cleared                       | 0.214 | 0.397 | 0.319 | FBI19: .305
burglaries cleared                      | 0.099 | 0.183 | 0.133 | FBI19: .141
larcenies cleared                       | 0.129 | 0.239 | 0.159 | FBI19: .184
vehicle thefts cleared                  | 0.097 | 0.179 | 0.103 | FBI19: .138
arrests for cases on the same day       | 0.51 | 0.89 | 0.53 | AZ16, by offence
arrests per 1,000 residents             | 21.5 | 39.9 | 29.3 | FBI19: 30.7
arrests per officer                     | 10.1 | 18.8 | 18.6 | FBI19: 14.5
stops per 1,000 residents               | 86 | 236 | 101 | PPCS: 86 drivers; BPD: 236
stops per officer                       | 20.6 | 164 | 64 | DC23; BPD
share of stops with a search            | 0.042 | 0.099 | 0.054 | DC23: without and with pat-downs
uses of force per 1,000 dispatches      | 1.2 | 1.8 | 1.27 | SPD10, SPD18, SPD20
scenes with force per 1,000 arrests     | 24 | 33 | 31.8 | SPD10
uses of force per 100 officers          | 48 | 85 | 68 | CHI; SPD20: 1,276 (COSMIC: 1,503 officers)
variance over mean, force               | 2.6 | 5.6 | 4.9 | CHI: 3.7 and 4.3, each in three years
officers injured, of uses of force      | 0.1 | 0.2 | 0.103 | NIJ11
subjects injured, of uses of force      | 0.17 | 0.64 | 0.251 | NIJ11
complaints per 100 officers             | 38 | 71 | 43 | CPD, 2008-14
complaints of force per 100 officers    | 4.6 | 12.4 | 7.2 | BJS06: 6.6, city police 9.5
share of complaints sustained           | 0.078 | 0.18 | 0.0894 | CHI; BJS06: .08; OPA17: .18
variance over mean, complaints          | 2.3 | 3.05 | 2.47 | CHI, each in three years
complaints of the top 5 % of officers   | 0.18 | 0.36 | 0.3 | CHI: .26 and .275
"""
